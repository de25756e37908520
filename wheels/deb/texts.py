"""The texts of a Debian package."""

import email
import textwrap
from collections.abc import Iterable, Sequence
from email.message import Message
from email.utils import formatdate
from pathlib import Path

from wheels.deb.recipe import CONFIG, HOMEPAGE, LIBRARY, MAINTAINER, PACKAGE, Release

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
        "Homepage": HOMEPAGE,
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
    own, others = [], []
    for metadata in sorted(library.glob("*.dist-info/METADATA")):
        message = email.message_from_bytes(metadata.read_bytes())
        (own if message["Name"] == PACKAGE else others).append((metadata.parent.name, message))
    holder = next(line.removeprefix("Copyright (c) ") for line in licence.splitlines() if line.startswith("Copyright"))
    head = [
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/",
        f"Upstream-Name: {PACKAGE}",
        f"Source: {HOMEPAGE}",
        "",
        "Files: *",
        f"Copyright: {holder}",
        "License: Expat",
        *_indented(licence),
    ]
    return "\n".join([*head, *(line for name, message in others for line in _stanza(name, message))]) + "\n"


def _stanza(folder: str, message: Message) -> Sequence[str]:
    licence = message["License-Expression"] or _classified(message) or message["License"] or "unknown"
    files = ", ".join(name for name in message.get_all("License-File", []))
    who = message["Author"] or message["Author-email"] or message["Maintainer"] or message["Maintainer-email"]
    where = f"Its text is in /{LIBRARY}/{folder}" + (f": {files}" if files else ".")
    return (
        "",
        f"Files: {LIBRARY}/{folder}/* {LIBRARY}/*",
        f"Comment: {message['Name']} {message['Version']}",
        f"Copyright: {' '.join(str(who or 'its authors').split())}",
        f"License: {message['Name']}",
        f" {' '.join(str(licence).split())[:200]}",
        *(f" {line}" for line in textwrap.wrap(where, 100)),
    )


def _classified(message: Message) -> str:
    """The licence that the classifiers name."""
    named = [value for value in message.get_all("Classifier", []) if value.startswith("License :: ")]
    return ", ".join(value.rpartition(" :: ")[2] for value in named)


def _indented(text: str) -> Iterable[str]:
    """A text in a field of many lines."""
    return (f" {line}" if line.strip() else " ." for line in text.strip().splitlines())


CONFFILES = f"/{CONFIG}\n"
