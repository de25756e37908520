"""What can be told of wheels and sdist by looking at the files."""

import sys
import zipfile
from email import message_from_bytes
from functools import partial
from pathlib import Path

from packaging.tags import Tag, parse_tag
from packaging.utils import parse_wheel_filename

from mbmd.errors import MbmdError, UsageError
from wheels import checksums
from wheels.programs import run
from wheels.proof.elf import complaints, demands
from wheels.proof.report import Report

_PLATFORMS = ("manylinux_2_17_", "manylinux2014_")
"""What the platform tags begin with; both say the same."""


def wheel_for(folder: Path, platform: str) -> Path:
    """The wheel of mbmd for a platform. Raises UsageError if there is not exactly one."""
    found = sorted(folder.glob(f"mbmd-*_{platform}.whl"))
    if len(found) != 1:
        raise UsageError(f"{folder}: {len(found)} wheels of mbmd for {platform}: run: python -m wheels build")
    return found[0]


def prove_files(folder: Path, platforms: list[str], report: Report) -> None:
    """Prove the wheels of the platforms, what else was built, and the checksums."""
    for platform in platforms:
        wheel = wheel_for(folder, platform)
        report.do(f"{platform} wheel", "tags and demands", partial(check_wheel, wheel, platform))
        report.do(f"{platform} wheel", "abi3audit", partial(audit, wheel))
    for lacking in (folder / platform for platform in platforms):
        if lacking.exists():
            report.do("files", f"wheels that PyPI lacks for {lacking.name}", partial(check_dependencies, lacking))
    report.do("files", "twine check", partial(check_metadata, folder))
    report.do("files", "checksums", partial(check_sums, folder))


def check_wheel(wheel: Path, platform: str) -> str:
    """Tags of the name and in the wheel, and what its extensions demand."""
    tags = tags_of(wheel)
    wanted = {Tag("cp311", "abi3", f"{name}{platform}") for name in _PLATFORMS}
    if tags != wanted:
        raise MbmdError(f"{wheel.name}: want the tags {_texts(wanted)}")
    count = check_extensions(wheel, platform, ".abi3.so")
    return f"{count} extensions, {_texts(tags)}"


def check_dependencies(folder: Path) -> str:
    """The wheels that are built here because PyPI has none for the platform that the folder is called by."""
    wheels = sorted(folder.rglob("*.whl"))
    for wheel in wheels:
        tags = tags_of(wheel)
        if any(tag.platform != "any" and not tag.platform.endswith(f"_{folder.name}") for tag in tags):
            raise MbmdError(f"{wheel.name}: not for {folder.name}")
        check_extensions(wheel, folder.name, ".so")
    return ", ".join(wheel.name.partition("-cp")[0] + f" ({wheel.name.split('-')[2]})" for wheel in wheels)


def tags_of(wheel: Path) -> frozenset[Tag]:
    """The tags of a wheel's name. Raises MbmdError if those of its WHEEL file are others."""
    tags = parse_wheel_filename(wheel.name)[3]
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/WHEEL"))
        said = message_from_bytes(archive.read(name)).get_all("Tag", [])
    within = frozenset(tag for line in said for tag in parse_tag(line))
    if within != tags:
        raise MbmdError(f"{wheel.name}: its WHEEL file has the tags {_texts(within)}")
    return tags


def check_extensions(wheel: Path, platform: str, ending: str) -> int:
    """How many extensions there are. Raises MbmdError if one demands more than the platform has."""
    said = []
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".so" in Path(name).name]
        for name in names:
            with archive.open(name) as file:
                found = complaints(demands(file), platform)
            if not name.endswith(ending):
                found.append(f"is not called {ending}")
            said += [f"{wheel.name}: {name} {complaint}" for complaint in found]
    if said:
        raise MbmdError("\n".join(said))
    return len(names)


def audit(wheel: Path) -> str:
    """No extension uses what is not of the stable ABI of its tag."""
    run([sys.executable, "-m", "abi3audit", "--strict", wheel], "abi3audit")
    return ""


def check_metadata(folder: Path) -> str:
    """PyPI would take the wheels and the sdist, and show the README."""
    files = [*sorted(folder.glob("mbmd-*.whl")), *sorted(folder.glob("mbmd-*.tar.gz"))]
    if not files[-1:] or not files[-1].name.endswith(".tar.gz"):
        raise MbmdError(f"{folder}: no sdist")
    run([sys.executable, "-m", "twine", "--no-color", "check", "--strict", *files], "twine check")
    return f"{len(files)} files"


def check_sums(folder: Path) -> str:
    """The list of checksums is that of the files."""
    path = folder / checksums.NAME
    if not path.exists():
        raise MbmdError(f"{path}: missing")
    wanted, seen = path.read_text(encoding="utf-8").splitlines(), checksums.checksums(folder).splitlines()
    if wrong := sorted({line.split(maxsplit=1)[1] for line in {*wanted} ^ {*seen}}):
        raise MbmdError(f"{path}: does not fit {', '.join(wrong)}")
    return f"{len(wanted)} files"


def _texts(tags: frozenset[Tag] | set[Tag]) -> str:
    return ", ".join(sorted(map(str, tags)))
