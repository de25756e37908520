"""`mbmd version`: what runs here, for a look and for a report of trouble."""

import argparse
import os
import sys

from mbmd import __version__

LIBRARIES = (
    "argcomplete",
    "msgspec",
    "orjson",
    "paho-mqtt",
    "prometheus-client",
    "pymodbus",
    "pyserial",
    "pysunspec2",
    "pyyaml",
    "rich",
    "sanic",
    "urllib3",
    "uvloop",
    "websockets",
)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "version",
        help="tell the version of mbmd and of what it runs on",
        description="Tell the version of mbmd, of Python and of the system.",
        epilog="examples:\n  mbmd version\n  mbmd version --verbose\n  mbmd version --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        default=argparse.SUPPRESS,
        help="also the native core and the libraries, as a report of trouble should have them",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the versions."""
    facts = _facts()
    if args.verbose:
        facts |= _more_facts() | {name: _version(name) for name in LIBRARIES}
    if args.json:
        from mbmd.cli.output import print_json

        print_json(facts)
    elif args.verbose:
        for key, value in facts.items():
            print(f"{key:<14}  {value}")
    else:
        print("mbmd {mbmd} (Python {python}, {system})".format_map(facts))
    return 0


def _facts() -> dict[str, str]:
    system = os.uname()
    python = sys.version.partition(" ")[0]
    return {"mbmd": __version__, "python": python, "system": f"{system.sysname} {system.release} {system.machine}"}


def _more_facts() -> dict[str, str]:
    return {
        "implementation": f"{sys.implementation.name}, {sys.maxsize.bit_length() + 1} bit",
        "libc": _libc(),
        "native core": _native_core(),
        "event loop": _event_loop(),
    }


def _event_loop() -> str:
    from mbmd.loop import fallback

    reason = fallback()
    return f"asyncio, since {reason}" if reason else "uvloop"


def _libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or "unknown"
    except (ValueError, OSError):
        return "not glibc"


def _native_core() -> str:
    """The native modules that load, or why one does not."""
    from importlib import import_module
    from pkgutil import iter_modules

    from mbmd import _native

    names = [module.name for module in iter_modules(_native.__path__)]
    try:
        for name in names:
            import_module(f"mbmd._native.{name}")
    except ImportError as error:
        return f"does not load: {error}"
    return ", ".join(names) or "missing"


def _version(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "missing"
