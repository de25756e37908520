"""The machine of a scenario: site, files, services, and a shell for its reader."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.manual import namespace, rules, services, site, standins
from tests.manual.pages import ROOT
from tests.manual.terminal import Shell

_LINES = Path("/run/lines")
_SERVICES = Path("/run/services")
_WRITABLE = frozenset({"docs", "mbmd", "wheels"})
"""Folders of a checkout that pages make files in."""
_NETWORK = ("192.168.", "/dev/tty", "/dev/serial", "localhost", "broker", "influx", ":8080", "mosquitto")
"""One of these words is in what needs a meter, a broker or a database."""


def build(words: str, shown: Mapping[str, str]) -> Shell:
    """Make it, within the namespaces: `words` are all command lines, `shown` the texts of files by path."""
    namespace.enter(_kept(), site.FRESH, site.ADDRESSES, site.HOSTS)
    for folder in (_LINES, _SERVICES, Path(site.CHECKOUT), Path("/run/user")):
        folder.mkdir(parents=True, exist_ok=True)
    for accounts in (Path("/etc/passwd"), Path("/etc/group")):
        namespace.replace_file(accounts, accounts.read_text(encoding="utf-8"))
    standins.install(sys.executable)
    texts = [words, *_fill(words, shown)]
    if any(word in text for word in _NETWORK for text in texts):
        _serve()
    path = f"{standins.BIN}:{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    os.chdir(site.CHECKOUT)
    return Shell(_LINES, {**site.ENVIRONMENT, "PATH": path}, rules.REPLIES)


def _kept() -> list[Path]:
    """What the tests themselves need; links lead to folders that are needed too."""
    modules = [Path(entry) for entry in sys.path if Path(entry).is_dir()]
    paths = [ROOT, Path(sys.prefix), Path(sys.base_prefix), *modules]
    return list(dict.fromkeys([*paths, *(path.resolve() for path in paths)]))


def _fill(words: str, shown: Mapping[str, str]) -> list[str]:
    """Make links and files; the texts of the files that are made for these command lines."""
    named = {file.path or file.name: _text(file.source) for file in site.FILES if file.name in words}
    _link(ROOT, Path(site.CHECKOUT), _WRITABLE)
    standins.environment(sys.executable, Path(site.CHECKOUT, ".venv"))
    for name, text in {**named, **shown, "~/.curlrc": site.CURL}.items():
        _write(name, text)
    for link, target in site.PORTS.items():
        Path(link).parent.mkdir(parents=True, exist_ok=True)
        Path(link).symlink_to(target)
    return [*named.values(), *shown.values()]


def _link(real: Path, folder: Path, copied: frozenset[str] | None = None) -> None:
    """Links to all that is in a folder; in those that are copied files may be made too, and in all of theirs.

    The checkout has a virtual environment of its own.
    """
    folder.mkdir(exist_ok=True)
    for path in real.iterdir():
        if path.name == ".venv":
            continue
        if path.is_dir() and (copied is None or path.name in copied):
            _link(path, folder / path.name)
        else:
            (folder / path.name).symlink_to(path)


def _text(source: str) -> str:
    return (ROOT / source).read_text(encoding="utf-8")


def _write(name: str, text: str) -> None:
    path = Path(site.CHECKOUT) / name.replace("~", site.HOME)
    path.parent.mkdir(parents=True, exist_ok=True)
    namespace.replace_file(path, text)


def _serve() -> None:
    from tests.manual import meters  # the heaviest import, and many pages need none

    meters.serve(site.BUSES)
    services.databases(site.DATABASES)
    services.mosquitto(_SERVICES, site.BROKERS)
