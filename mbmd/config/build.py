"""From the configuration to what a run needs: devices with their ids and adapters, secrets out of their files."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from msgspec import structs

from mbmd.config.buses import Buses, buses
from mbmd.config.defaults import DEFAULT_CLIENT_ID
from mbmd.config.devices import Device, DeviceSpec, conflicts, ids, parse_specs
from mbmd.config.given import Origin, Problem
from mbmd.config.load import Loaded
from mbmd.config.log import Log
from mbmd.config.model import SECRET_FILES, Config
from mbmd.config.options import DEVICE_OPTIONS, DeviceOptions
from mbmd.config.output_checks import output_problems, output_warnings, topic_problems
from mbmd.config.outputs import Influx, Mqtt
from mbmd.config.run import RunConfig
from mbmd.config.secrets import read_secret
from mbmd.config.web import Web
from mbmd.errors import UsageError

_Sink = TypeVar("_Sink", Mqtt, Influx)


class _Placed(NamedTuple):
    """A device with its place in the configuration, such as `devices[0]`."""

    path: str
    spec: DeviceSpec
    name: str = ""
    place: str = ""


class Built(NamedTuple):
    """What a run needs, as far as it is right. `paths` are the places of its devices in the configuration."""

    config: RunConfig
    paths: tuple[str, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def build(loaded: Loaded, device_dirs: tuple[Path, ...]) -> Built:
    """The configuration of a run, and all that is wrong with it; reads the files of secrets."""
    config, found = loaded.config, buses(loaded)
    problems = [*loaded.problems, *found.problems]
    warnings = list(loaded.warnings)
    placed = _from_specs(loaded, found, problems) if config.specs else _from_keys(loaded, found, problems)
    if not placed and not problems:
        problems.append(_no_devices(loaded.file))
    mqtt = _with_secrets(loaded, "mqtt", config.mqtt, problems, warnings)
    influx = _with_secrets(loaded, "influx", config.influx, problems, warnings)
    problems += [loaded.told(key, text) for key, text in output_problems(mqtt, influx)]
    warnings += [str(loaded.told(key, text)) for key, text in output_warnings(mqtt, influx)]
    if config.api is not None and config.web != Web():
        _check_web(loaded, problems, warnings)
    devices = _devices(loaded, placed, problems)
    problems += [loaded.told(key, text) for key, text in topic_problems(mqtt, devices)]
    run = RunConfig(
        devices=devices,
        api=config.api,
        rate=config.rate,
        timeout=config.timeout,
        raw=config.raw,
        log=effective_log(config),
        state=config.state,
        plausibility=config.plausibility,
        mqtt=structs.replace(mqtt, clientid=mqtt.clientid or DEFAULT_CLIENT_ID) if mqtt.broker else None,
        influx=influx if influx.url else None,
        outbox=config.outbox,
        sinks=config.sinks,
        device_dirs=device_dirs,
        file=loaded.file,
        web=config.web,
    )
    return Built(run, tuple(device.path for device in placed), tuple(problems), tuple(warnings))


def effective_log(config: Config) -> Log:
    """What is logged, and how: `verbose` counts whatever else is said of the level."""
    return structs.replace(config.log, level="debug") if config.verbose else config.log


def _check_web(loaded: Loaded, problems: list[Problem], warnings: list[str]) -> None:
    from mbmd.config.web_checks import web_problems, web_warnings

    found = [loaded.told(key, text) for key, text in web_problems(loaded.config.web)]
    problems += found
    if not found:
        warnings += [str(loaded.told(key, text)) for key, text in web_warnings(loaded.config.web, datetime.now(UTC))]


def _no_devices(file: Path | None) -> Problem:
    if file is None:
        return Problem(Origin(""), "", "no devices: name them with -d, as in -d sdm:1")
    return Problem(Origin(str(file)), "", "no devices: name them with -d, or under devices in the file")


def _from_specs(loaded: Loaded, found: Buses, problems: list[Problem]) -> list[_Placed]:
    placed = []
    for text in loaded.config.specs:
        try:
            placed += [_Placed("devices", spec) for spec in parse_specs([text], found.find, found.default)]
        except UsageError as error:
            problems.append(loaded.problem("devices", str(error)))
    return placed


def _from_keys(loaded: Loaded, found: Buses, problems: list[Problem]) -> list[_Placed]:
    placed = []
    for keys in loaded.config.devices:
        try:
            adapter = found.default if keys.adapter is None else found.find(keys.adapter)
        except UsageError as error:
            problems.append(loaded.problem(f"{keys.path}.adapter", str(error)))
            continue
        if adapter is None:
            problems.append(loaded.problem(keys.path, _no_adapter(found)))
        elif keys.id not in adapter.units:
            outside = f"{keys.id} is outside {adapter.units[0]} to {adapter.units[-1]} on {adapter.address}"
            problems.append(loaded.problem(f"{keys.path}.id", outside))
        else:
            options = DeviceOptions(**{option: getattr(keys, option) for option in DEVICE_OPTIONS})
            spec = DeviceSpec(keys.type, keys.id, keys.subdevice, adapter, options)
            placed.append(_Placed(keys.path, spec, keys.name, keys.place))
    return placed


def _no_adapter(found: Buses) -> str:
    if not found.named:
        return "adapter is missing: give the device one, or all at the top, as in adapter: /dev/ttyUSB0"
    addresses = dict.fromkeys(adapter.address for adapter in found.named.values())
    return f"adapter is missing: write which of {', '.join(addresses)}"


def _devices(loaded: Loaded, placed: Sequence[_Placed], problems: list[Problem]) -> tuple[Device, ...]:
    specs = [device.spec for device in placed]
    problems += [loaded.problem(placed[index].path, text) for index, text in conflicts(specs)]
    devices = tuple(
        Device(name, device.spec, device.name, device.place) for name, device in zip(ids(specs), placed, strict=True)
    )
    problems += [loaded.problem(f"{placed[index].path}.name", text) for index, text in _name_conflicts(devices)]
    return devices


def _name_conflicts(devices: Sequence[Device]) -> Iterator[tuple[int, str]]:
    """Names that would not tell devices apart, in an address of REST or in a topic."""
    by_id = {_plain(device.id): index for index, device in enumerate(devices)}
    by_name: dict[str, int] = {}
    for index, device in enumerate(devices):
        if not device.name:
            continue
        plain = _plain(device.name)
        if by_id.get(plain, index) != index:
            yield index, f"{device.name!r} is the id of another device: {devices[by_id[plain]].id}"
        elif by_name.setdefault(plain, index) != index:
            yield index, f"{device.name!r} is the name of {devices[by_name[plain]].id} already"


def _plain(name: str) -> str:
    """A name or id as topics have it."""
    return name.casefold().replace(".", "-")


def _with_secrets(loaded: Loaded, name: str, section: _Sink, problems: list[Problem], warnings: list[str]) -> _Sink:
    """The section with the secrets that its files hold."""
    secrets = {}
    for key, secret in SECRET_FILES.items():
        path = getattr(section, key, None)
        if path is None:
            continue
        try:
            secrets[secret], warning = read_secret(path)
        except UsageError as error:
            problems.append(loaded.told(f"{name}.{key}", str(error)))
        else:
            warnings += [str(loaded.told(f"{name}.{key}", warning))] if warning else []
    return structs.replace(section, **secrets)
