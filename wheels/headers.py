"""Python's headers, unpacked of Debian's packages."""

import io
import tarfile
from pathlib import Path

from mbmd.errors import MbmdError
from wheels.archive import unpack_files
from wheels.fetch import fetched
from wheels.folders import WORK
from wheels.output import kept
from wheels.recipe import Headers

_MIRRORS = ("http://deb.debian.org/debian-security/", "http://deb.debian.org/debian/")
_SNAPSHOT = "https://snapshot.debian.org/file/"
_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60


def headers_folder(headers: Headers) -> Path:
    """A folder with `usr/include` of the package, fetched and unpacked if it is not there yet."""
    folder = WORK / "headers" / f"{headers.python}-{headers.platform}-{headers.sha256[:12]}"
    if not folder.exists():
        urls = [*(mirror + headers.path for mirror in _MIRRORS), _SNAPSHOT + headers.sha1]
        package = fetched(urls, headers.sha256, WORK / "downloads" / Path(headers.path).name)
        with kept(folder) as made:
            unpack(package.read_bytes(), made)
    return folder


def unpack(package: bytes, folder: Path) -> None:
    """Unpack the headers of a Debian package. Raises MbmdError if it is none."""
    for name, data in _members(package):
        if name.startswith("data.tar"):
            with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                unpack_files(archive, folder, inside="/usr/include/")
            return
    raise MbmdError("a package of headers has no data: delete build/wheels/downloads")


def _members(archive: bytes) -> list[tuple[str, bytes]]:
    """Names and contents of the files in an ar archive (ar(5))."""
    found, at = [], len(_AR_MAGIC)
    while archive.startswith(_AR_MAGIC) and at + _AR_HEADER <= len(archive):
        header, at = archive[at : at + _AR_HEADER], at + _AR_HEADER
        if not header[48:58].strip().isdigit():
            break
        size = int(header[48:58])
        found.append((header[:16].decode().rstrip(" /"), archive[at : at + size]))
        at += size + size % 2
    return found
