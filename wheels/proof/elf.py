"""What an extension demands of the machine that loads it."""

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from mbmd.errors import MbmdError

if TYPE_CHECKING:
    from elftools.elf.elffile import ELFFile

MACHINES = {"x86_64": "EM_X86_64", "aarch64": "EM_AARCH64", "armv7l": "EM_ARM"}
OLDEST_GLIBC = (2, 17)
"""That of manylinux_2_17; nothing newer may be demanded."""
LIBRARIES = {"libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0"}
"""What glibc brings; beside its loader, nothing else may be demanded."""
ARM_V7 = 10
"""Tag_CPU_arch of ARMv7 (Addenda to the ABI for the Arm Architecture)."""
ARM_NOT_MORE = {"TAG_CPU_ARCH": ARM_V7, "TAG_ADVANCED_SIMD_ARCH": 0, "TAG_MPEXTENSION_USE": 0, "TAG_DIV_USE": 0}
"""Attributes of ARM code that armv7l has no more of: no NEON, no instructions of later ARMv7."""


@dataclass(frozen=True)
class Demands:
    """What is read of a shared object."""

    machine: str
    libraries: frozenset[str]
    paths: tuple[str, ...]
    """Where libraries are looked for: RPATH and RUNPATH."""
    glibc: tuple[int, ...]
    """The newest version of glibc of which a symbol is used."""
    attributes: dict[str, int]
    """Of ARM code."""


def demands(file: IO[bytes]) -> Demands:
    """Read a shared object. Raises MbmdError if it is none."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        elf = ELFFile(file)
        dynamic = list(elf.get_section_by_name(".dynamic").iter_tags())
        return Demands(
            elf["e_machine"],
            frozenset(tag.needed for tag in dynamic if tag.entry.d_tag == "DT_NEEDED"),
            tuple(tag.entry.d_tag for tag in dynamic if tag.entry.d_tag in ("DT_RPATH", "DT_RUNPATH")),
            max(_glibc_versions(elf), default=()),
            _attributes(elf),
        )
    except (ELFError, AttributeError, KeyError) as error:
        raise MbmdError(f"no shared object: {error}") from None


def complaints(found: Demands, platform: str) -> list[str]:
    """What a platform's wheel must not demand."""
    said = []
    if found.machine != MACHINES[platform]:
        said.append(f"is for {found.machine}")
    if foreign := sorted(name for name in found.libraries - LIBRARIES if not name.startswith("ld-linux")):
        said.append(f"needs {', '.join(foreign)}")
    if found.paths:
        said.append(f"has {', '.join(found.paths)}")
    if found.glibc > OLDEST_GLIBC:
        said.append(f"needs glibc {'.'.join(map(str, found.glibc))}")
    if platform == "armv7l":
        more = [name for name, most in ARM_NOT_MORE.items() if found.attributes.get(name, 0) > most]
        said += [f"has {name} {found.attributes[name]}" for name in more]
        if found.attributes.get("TAG_ABI_VFP_ARGS") != 1:
            said.append("passes no floats in registers (hard float)")
    return said


def _glibc_versions(elf: "ELFFile") -> list[tuple[int, ...]]:
    section = elf.get_section_by_name(".gnu.version_r")
    names = [version.name for _, of in section.iter_versions() for version in of] if section else []
    return [tuple(map(int, name.removeprefix("GLIBC_").split("."))) for name in names if name.startswith("GLIBC_")]


def _attributes(elf: "ELFFile") -> dict[str, int]:
    section = elf.get_section_by_name(".ARM.attributes")
    if section is None:
        return {}
    parts = [part for vendor in section.iter_subsections() for part in vendor.iter_subsubsections()]
    rows = [row for part in parts for row in part.iter_attributes() if isinstance(row.value, int)]
    return {row.tag: row.value for row in rows}
