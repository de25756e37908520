"""Archives whose bits depend on what is in them and on nothing else."""

import gzip
import io
import os
import stat
import tarfile
import time
import zipfile
from pathlib import Path

from mbmd.errors import MbmdError

_EXECUTABLE, _PLAIN = 0o755, 0o644
_OLDEST_IN_ZIP = 315532800
"""1980-01-01, where the time of the ZIP format begins."""


def repack_zip(path: Path, epoch: int) -> None:
    """Write a ZIP archive (a wheel) anew: sorted, with one time and two modes; RECORD stays last, as PEP 427 wishes."""
    with zipfile.ZipFile(path) as archive:
        files = {info.filename: (info, archive.read(info)) for info in archive.infolist() if not info.is_dir()}
    when = time.gmtime(max(epoch, _OLDEST_IN_ZIP))[:6]
    partial = path.with_name(f"{path.name}.part")
    with zipfile.ZipFile(partial, "w") as archive:
        for name in sorted(files, key=lambda name: (".dist-info/" in name, name.endswith("/RECORD"), name)):
            old, data = files[name]
            new = zipfile.ZipInfo(name, when)
            new.external_attr = (stat.S_IFREG | _mode(old.external_attr >> 16)) << 16
            new.create_system = 3
            archive.writestr(new, data, zipfile.ZIP_DEFLATED, 9)
    partial.replace(path)


def repack_tar_gz(path: Path, epoch: int) -> None:
    """Write a gzipped tar archive (an sdist) anew: sorted, with one time, two modes and no owner."""
    content = io.BytesIO()
    with tarfile.open(path) as old, tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as new:
        for member in sorted((member for member in old if member.isfile()), key=lambda member: member.name):
            info = tarfile.TarInfo(member.name)
            info.size, info.mtime, info.mode = member.size, epoch, _mode(member.mode)
            new.addfile(info, old.extractfile(member))
    partial = path.with_name(f"{path.name}.part")
    with partial.open("wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=epoch) as packed:
        packed.write(content.getvalue())
    partial.replace(path)


def unpack_files(archive: tarfile.TarFile, folder: Path, inside: str = "") -> None:
    """Unpack the files whose names have `inside` in them: no links, devices or folders, and nothing beside `folder`.

    The filters of tarfile would do that, but Python before 3.11.4, as Debian 12 has it, has none.
    """
    for member in archive:
        if not (member.isfile() and inside in member.name):
            continue
        path = Path(os.path.normpath(folder / member.name))
        content = archive.extractfile(member)
        if content is None or not path.is_relative_to(folder):
            raise MbmdError(f"an archive wants to write {member.name}, which is not in its folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.read())
        path.chmod(_mode(member.mode))


def unpack_sdist(path: Path, folder: Path) -> tuple[Path, int]:
    """Unpack an sdist; its folder, and the newest time in it."""
    with tarfile.open(path) as archive:
        unpack_files(archive, folder)
    (unpacked,) = folder.iterdir()
    return unpacked, newest(path)


def newest(path: Path) -> int:
    """The newest time in an sdist: of one that was repacked, that of all of it."""
    with tarfile.open(path) as archive:
        return max(int(member.mtime) for member in archive)


def _mode(mode: int) -> int:
    return _EXECUTABLE if mode & stat.S_IXUSR else _PLAIN
