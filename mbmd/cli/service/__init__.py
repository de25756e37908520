"""`mbmd service`: install mbmd as a service of the system, remove it, see how it is."""

import argparse

_EPILOG = """\
examples:
  sudo mbmd service install
  mbmd service status
  sudo mbmd service uninstall
"""
_INSTALL = """\
It writes the unit /etc/systemd/system/mbmd.service, makes the user mbmd, who may open serial ports, and writes a
commented configuration where there is none; one that is there is left alone. The service is enabled and started if the
configuration names devices and has no mistake. Once more, as after an upgrade, it renews the unit and starts mbmd anew.
The service sees little of the system: nothing of home folders, so that mbmd has to be installed elsewhere.

examples:
  sudo mbmd service install
  sudo mbmd service install --config /etc/mbmd/house.yaml --no-start
  mbmd service install --dry-run
  mbmd service install --root /tmp/image --command /usr/local/bin/mbmd
"""
_UNINSTALL = """\
examples:
  sudo mbmd service uninstall
  sudo mbmd service uninstall --purge
  mbmd service uninstall --dry-run
"""
_STATUS = """\
exit codes: 0 it runs, 3 it does not, 4 it is not installed

examples:
  mbmd service status
  mbmd service status --json
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "service",
        help="run mbmd as a service of the system: install it, remove it, see how it is",
        description="Run mbmd as a service of systemd: from the start of the system on, as a user of its own.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    install = _action(actions, "install", "install, enable and start the service, or renew it", _INSTALL)
    install.add_argument(
        "--config", metavar="FILE", dest="file", help="configuration of the service; default: /etc/mbmd.yaml"
    )
    install.add_argument("--user-name", metavar="NAME", help="user that it runs as; default: mbmd")
    install.add_argument("--command", metavar="FILE", dest="path", help="command that it runs; default: this one")
    install.add_argument("--no-start", action="store_true", help="enable it, but do not start it now")
    _add_dry(install)
    install.set_defaults(run=_install)
    uninstall = _action(actions, "uninstall", "stop, disable and remove the service", _UNINSTALL)
    uninstall.add_argument(
        "--purge", action="store_true", help="also its configuration, /etc/mbmd, what it has learned, and its user"
    )
    _add_dry(uninstall)
    uninstall.set_defaults(run=_uninstall)
    status = _action(actions, "status", "tell whether the service is installed and runs", _STATUS)
    status.add_argument("--json", action="store_true", help="print JSON")
    status.set_defaults(run=_status)


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, epilog: str
) -> argparse.ArgumentParser:
    return actions.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_dry(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--root", metavar="FOLDER", help="write into this tree, of another system, and run nothing")
    parser.add_argument("--dry-run", action="store_true", help="tell what would be done, and do nothing")


def _install(args: argparse.Namespace) -> int:
    from mbmd.cli.service.installing import install

    return install(args)


def _uninstall(args: argparse.Namespace) -> int:
    from mbmd.cli.service.installing import uninstall

    return uninstall(args)


def _status(args: argparse.Namespace) -> int:
    from mbmd.cli.service.status import run

    return run(args)
