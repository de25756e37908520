"""Who may import whom: the table of the architecture, held by reading every import."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "mbmd"

LEVELS = (
    {"errors", "measurements", "aside", "backoff", "folders", "turns", "within", "_native"},
    {"config", "loop", "state"},
    {"devices", "protocol", "transport"},
    {"sunspec"},
    {"planner", "readings"},
    {"bus", "sinks", "web", "simulator"},
    {"prepare", "session"},
    {"running", "scan"},
    {"daemon", "service"},
    {"cli"},
)
"""Rooms of the house, from the ground up: a module may import its own room and those of lower levels."""

LEVEL = {room: number for number, rooms in enumerate(LEVELS) for room in rooms}
ANYWHERE = {"mbmd"}
"""`mbmd` itself holds the version and nothing else."""


def imports(source: str, module: str, is_package: bool) -> Iterator[str]:
    """Dotted names of what a module imports of mbmd, wherever in it: in functions and for type checkers too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] == "mbmd")
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module, is_package)
            if base.split(".")[0] == "mbmd":
                yield from (f"{base}.{name.name}" for name in node.names)


def _base(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    kept = parts[: len(parts) - node.level + is_package]
    return ".".join([*kept, node.module] if node.module else kept)


def room_of(name: str) -> str | None:
    """The room that a dotted name lies in; None for what `mbmd` itself holds."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 and (parts[1] in LEVEL or _exists(parts[1])) else None


def _exists(room: str) -> bool:
    return (PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").exists()


def complaint(module: str, name: str) -> str | None:
    """What is wrong about a module importing a name."""
    here, there = room_of(module), room_of(name)
    if there is None or here is None:
        return None
    if here not in LEVEL or there not in LEVEL:
        return f"{module} imports {name}: the table has no such room"
    if here != there and LEVEL[there] >= LEVEL[here]:
        return f"{module} imports {name}: an arrow that does not point down"
    native = name.startswith("mbmd._native.framing") or name == "mbmd._native.framing"
    if native and here not in ("protocol", "_native"):
        return f"{module} imports {name}: only protocol knows the frames"
    if here == "simulator" and there in ("_native", "protocol"):
        return f"{module} imports {name}: the witness must be independent"
    return None


def complaints(source: str, module: str, is_package: bool = False) -> list[str]:
    """All that is wrong about the imports of a module."""
    return [said for name in imports(source, module, is_package) if (said := complaint(module, name))]


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyi")]):
        parts = ["mbmd", *path.relative_to(PACKAGE).with_suffix("").parts]
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(modules())


def test_every_room_is_in_the_table() -> None:
    rooms = {room for module in MODULES if (room := room_of(module))} - {"__main__"}
    assert rooms <= set(LEVEL)
    assert {"bus", "web", "cli", "_native", "planner"} <= rooms


@pytest.mark.parametrize("module", [module for module in MODULES if module != "mbmd.__main__"])
def test_imports_point_down(module: str) -> None:
    path = MODULES[module]
    assert complaints(path.read_text(encoding="utf-8"), module, path.stem == "__init__") == []


def test_the_entry_point_imports_the_command_alone() -> None:
    source = MODULES["mbmd.__main__"].read_text(encoding="utf-8")
    assert list(imports(source, "mbmd.__main__", False)) == ["mbmd.cli.main"]


def test_the_package_itself_imports_nothing() -> None:
    assert list(imports(MODULES["mbmd"].read_text(encoding="utf-8"), "mbmd", True)) == []


def test_native_sources_import_only_each_other() -> None:
    for path in [*PACKAGE.glob("_native/*.pyx"), *PACKAGE.glob("_native/*.pxd")]:
        lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        named = [line[1] for line in lines if line[:1] in (["from"], ["import"], ["cimport"])]
        assert all(not name.startswith("mbmd") or name.startswith("mbmd._native.") for name in named), path


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("mbmd.bus.poller", "from mbmd.web.app import bind"),
        ("mbmd.bus.poller", "import mbmd.web.app"),
        ("mbmd.bus.poller", "import mbmd.web.app as app"),
        ("mbmd.bus.poller", "from mbmd import web"),
        ("mbmd.bus.poller", "from mbmd import daemon"),
        ("mbmd.bus.poller", "from ..web import app"),
        ("mbmd.bus.poller", "from .. import web"),
        ("mbmd.bus.poller", "def f():\n    from mbmd.web import app"),
        ("mbmd.bus.poller", "if TYPE_CHECKING:\n    from mbmd.web import app"),
        ("mbmd.bus.poller", "try:\n    import mbmd.cli\nexcept ImportError:\n    pass"),
        ("mbmd.bus.poller", "from mbmd._native.framing import RtuReader"),
        ("mbmd.bus.poller", "from mbmd._native import framing"),
        ("mbmd.web.app", "from mbmd.simulator import site"),
        ("mbmd.readings.hub", "from mbmd.planner import Block"),
        ("mbmd.config.run", "from mbmd.devices import registry"),
        ("mbmd.transport.open", "from mbmd.protocol import pdu"),
        ("mbmd._native.framing", "from mbmd.errors import UsageError"),
        ("mbmd.simulator.wire", "from mbmd._native.crc import crc16"),
        ("mbmd.simulator.wire", "from mbmd.protocol import pdu"),
        ("mbmd.daemon", "from mbmd import cli"),
        ("mbmd.errors", "from mbmd.measurements import CATALOGUE"),
    ],
)
def test_a_planted_violation_is_found(module: str, source: str) -> None:
    assert complaints(source, module)


def test_a_violation_in_a_package_is_found() -> None:
    assert complaints("from ..web import app", "mbmd.bus", is_package=True)
    assert not complaints("from .client import Client", "mbmd.bus", is_package=True)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("mbmd.bus.poller", "from mbmd.bus.client import Client"),
        ("mbmd.bus.poller", "from .client import Client"),
        ("mbmd.bus.poller", "from mbmd import __version__"),
        ("mbmd.bus.poller", "from mbmd._native.decode import Program"),
        ("mbmd.protocol.framer", "from mbmd._native import framing"),
        ("mbmd._native.framing", "from mbmd._native.decode import Program"),
        ("mbmd.cli.run", "from mbmd import daemon"),
        ("mbmd.daemon", "from mbmd.simulator.site import mock_line"),
        ("mbmd.bus.poller", "import asyncio\nfrom collections import abc\nfrom . import client"),
    ],
)
def test_what_is_right_is_let_alone(module: str, source: str) -> None:
    assert complaints(source, module) == []
