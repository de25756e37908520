"""`mbmd service status`: whether the service is installed and runs, and where its configuration and log are."""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mbmd import __version__
from mbmd.cli import output
from mbmd.config.run import RunConfig
from mbmd.errors import MbmdError
from mbmd.service import layout, ports
from mbmd.service.status import Status, status

ACTIVE, NOT_ACTIVE, NOT_INSTALLED = 0, 3, 4
"""Exit codes, as those of systemctl and of the Linux Standard Base."""
_LOG = "journalctl -u mbmd -n 50"
_WILDCARDS = {"0.0.0.0": "localhost", "::": "localhost"}


@dataclass(frozen=True, slots=True)
class _Seen:
    """How the service is, and what its unit and its configuration say; `trouble` is what a user should know."""

    service: Status
    config: Path
    user: str
    groups: tuple[str, ...]
    web: str = ""
    trouble: tuple[str, ...] = field(default=())


def run(args: argparse.Namespace) -> int:
    """Print how the service is."""
    seen = _look(status())
    if args.json:
        output.print_json(_json(seen))
    elif seen.service.unit is None:
        print("mbmd is not installed as a service: sudo mbmd service install")
    else:
        for title, value in _rows(seen):
            output.print_line(output.bold(f"{title:<9}"), value)
    return exit_code(seen.service)


def exit_code(service: Status) -> int:
    """What scripts go by."""
    if service.unit is None:
        return NOT_INSTALLED
    return ACTIVE if service.is_active else NOT_ACTIVE


def _look(service: Status) -> _Seen:
    try:
        text = service.unit.read_text(encoding="utf-8") if service.unit is not None else ""
    except OSError:
        text = ""
    config = layout.config_of(text)
    user = next(iter(layout.settings(text, "User")), layout.USER)
    more = [name for value in layout.settings(text, "SupplementaryGroups") for name in value.split()]
    groups = ports.groups_of(user, more)
    if service.unit is None:
        return _Seen(service, config, user, tuple(groups.values()))
    trouble = [] if groups else [f"there is no user {user}: install the service again"]
    web = ""
    try:
        run_config = _configuration(config)
    except MbmdError as error:
        trouble.append(str(error).splitlines()[0])
    else:
        web = _web(run_config)
        trouble += _port_troubles(run_config, user, groups)
    return _Seen(service, config, user, tuple(groups.values()), web, tuple(trouble))


def _configuration(path: Path) -> RunConfig:
    """The configuration of the service, as far as it is right. Raises MbmdError if nothing of it is to be had."""
    from mbmd.config.build import build
    from mbmd.config.load import load

    return build(load(path, {}, {}), ()).config


def _web(config: RunConfig) -> str:
    """Where the web server is to be found from this machine; empty if there is none."""
    from mbmd.config.values import join_host_port

    if config.api is None:
        return ""
    host, port = config.api
    scheme = "https" if config.web is not None and config.web.cert is not None else "http"
    return f"{scheme}://{join_host_port(_WILDCARDS.get(host, host), port)}"


def _port_troubles(config: RunConfig, user: str, groups: Iterable[int]) -> Iterator[str]:
    from mbmd.config.adapter import Medium

    adapters = [device.spec.adapter for device in config.devices]
    for address in dict.fromkeys(adapter.address for adapter in adapters if adapter.medium is Medium.SERIAL):
        if why := ports.trouble(Path(address), user, groups):
            yield f"{address}: {why}"


def _rows(seen: _Seen) -> Iterator[tuple[str, str]]:
    service = seen.service
    state = (output.good if service.is_active else output.bad)(service.state)
    more = [service.detail, f"since {service.since}" if service.since else "", f"restarted {service.restarts} times"]
    yield "state", output.Styled(", ".join([state, *filter(None, more[: 3 if service.restarts else 2])]), state.style)
    yield "unit", ", ".join(filter(None, (str(service.unit), service.enabled)))
    if service.pid is not None:
        memory = f", {service.memory / 1e6:.0f} MB" if service.memory is not None else ""
        yield "process", f"{service.pid}{memory}"
    yield "user", f"{seen.user}, in the groups {', '.join(seen.groups)}" if seen.groups else seen.user
    yield "config", str(seen.config)
    if seen.web:
        yield "web", seen.web
    yield "version", __version__
    yield "log", _LOG
    yield from (("trouble", output.bad(text)) for text in seen.trouble)


def _json(seen: _Seen) -> dict[str, Any]:
    service = seen.service
    return {
        "installed": service.unit is not None,
        "unit": None if service.unit is None else str(service.unit),
        "enabled": service.enabled or None,
        "active": service.is_active,
        "state": service.state,
        "detail": service.detail or None,
        "since": service.since or None,
        "pid": service.pid,
        "memory": service.memory,
        "restarts": service.restarts,
        "user": seen.user,
        "groups": list(seen.groups),
        "config": str(seen.config),
        "web": seen.web or None,
        "version": __version__,
        "log": _LOG,
        "trouble": list(seen.trouble),
    }
