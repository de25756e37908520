"""The texts of a Debian package."""

import csv
import email
from collections.abc import Iterator
from email.message import Message
from email.utils import formatdate
from pathlib import Path, PurePosixPath

from wheels.deb.recipe import CONFIG, LIBRARY, MAINTAINER, PACKAGE, Release

_AUTHORS = ("Author", "Author-email", "Maintainer", "Maintainer-email")
_DESCRIPTION = """\
Modbus Measurement Daemon
 Polls smart meters and solar inverters on any number of RS485 buses and
 gateways, by Modbus RTU, ASCII and TCP, and gives their readings to people and
 programs: a dashboard, REST, websocket, MQTT, Homie, Home Assistant, InfluxDB
 and Prometheus.
 .
 It runs as a service of systemd, as a user of its own, with what it needs of
 Python's packages in a folder of its own.
"""


def control(version: str, architecture: str, release: Release, kilobytes: int) -> str:
    """The control file; `kilobytes` is what the files take when they are installed."""
    depends = f"adduser, libc6, libgcc-s1, libstdc++6, python{release.python}"
    fields = {
        "Package": PACKAGE,
        "Version": version,
        "Architecture": architecture,
        "Maintainer": MAINTAINER,
        "Installed-Size": str(kilobytes),
        "Depends": depends,
        "Section": "net",
        "Priority": "optional",
    }
    return "".join(f"{key}: {value}\n" for key, value in fields.items()) + f"Description: {_DESCRIPTION}"


def launcher(release: Release) -> str:
    """/usr/bin/mbmd: isolated, so that neither the environment nor the folder of who calls it counts."""
    return f"""\
#!/usr/bin/python{release.python} -I
import sys

sys.path.insert(0, "/{LIBRARY}")

from mbmd.cli import main

sys.exit(main())
"""


def changelog(version: str, epoch: int) -> str:
    """The changelog in Debian's form, which names the one of mbmd itself."""
    return f"""\
{PACKAGE} ({version}) stable; urgency=medium

  * What has changed is told in /usr/share/doc/{PACKAGE}/CHANGELOG.md.gz.

 -- {MAINTAINER}  {formatdate(epoch)}
"""


def copyright_file(licence: str, library: Path) -> str:
    """Debian's copyright file: the licence of mbmd, and whose the packages beside it are."""
    holder = next(line.removeprefix("Copyright (c) ") for line in licence.splitlines() if line.startswith("Copyright"))
    lines = [
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/",
        f"Upstream-Name: {PACKAGE}",
        "",
        "Files: *",
        f"Copyright: {holder}",
        "License: Expat",
        *(f" {line}" if line.strip() else " ." for line in licence.strip().splitlines()),
    ]
    for folder in sorted(library.glob("*.dist-info")):
        metadata = email.message_from_string((folder / "METADATA").read_text(encoding="utf-8"))
        if metadata["Name"] != PACKAGE:
            lines += ["", *_whose(folder, metadata)]
    return "\n".join(lines) + "\n"


def _whose(folder: Path, metadata: Message) -> Iterator[str]:
    """The lines about a package of others."""
    authors = next(filter(None, map(metadata.get, _AUTHORS)), "its authors")
    licence = metadata["License-Expression"] or _classified(metadata) or metadata["License"] or "unknown"
    texts = ", ".join([f"/{LIBRARY}/{folder.name}", *metadata.get_all("License-File", [])])
    yield f"Files: {' '.join(f'{LIBRARY}/{name}' for name in _top_names(folder))}"
    yield f"Copyright: {' '.join(authors.split())}"
    yield f"License: {metadata['Name']}"
    yield f" {licence.strip().splitlines()[0]}, of {metadata['Name']} {metadata['Version']}; its text is in"
    yield f" {texts}"


def _top_names(folder: Path) -> list[str]:
    """The files and folders that a package has beside others, as patterns."""
    paths = [PurePosixPath(row[0]) for row in csv.reader((folder / "RECORD").read_text(encoding="utf-8").splitlines())]
    tops = {f"{path.parts[0]}/*" if len(path.parts) > 1 else str(path) for path in paths}
    return sorted(name for name in tops if not name.startswith("..") and ".data/" not in name)


def _classified(message: Message) -> str:
    """The licence that the classifiers name."""
    named = [value for value in message.get_all("Classifier", []) if value.startswith("License :: ")]
    return ", ".join(value.rpartition(" :: ")[2] for value in named)


CONFFILES = f"/{CONFIG}\n"
