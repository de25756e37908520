"""The command `mbmd`; one file or folder a subcommand, of which only the one that is asked for is imported.

Exit codes: 0 success, 1 failure while running, 2 wrong usage or configuration; as shells have it 130 when interrupted
and 141 when nobody reads the output any more.
"""

import errno
import os
import sys
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from io import TextIOWrapper
from types import MappingProxyType

from mbmd import __version__
from mbmd.cli.options import add_bus_options
from mbmd.cli.parser import MainParser, Parser
from mbmd.errors import MbmdError, UsageError

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "run": "poll devices and serve their readings",
        "reload": "let a running daemon read its configuration again",
        "scan": "find the devices on a bus",
        "inspect": "show all models and points of a SunSpec device",
        "config": "check and show the configuration",
        "service": "run mbmd as a service of the system: install it, remove it, see how it is",
        "passwd": "make a password or token for the web server",
        "read": "read registers, coils or inputs of a device",
        "write": "write registers or coils of a device",
        "devices": "list the types of devices; show, check and try their tables",
        "simulate": "simulate meters on the network or on pseudo terminals",
        "demo": "see mbmd at work on simulated meters",
        "version": "tell the version of mbmd and of what it runs on",
        "completion": "print the script that lets a shell complete commands",
        "help": "tell how a command is used",
    }
)
"""Every command with what `mbmd --help` says of it; its module is imported only when it is asked for."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Why an output takes no more; whatever else fails is told by the command."""

_EPILOG = """\
examples:
  mbmd run -a /dev/ttyUSB0 -d sdm:1,janitza:26
  mbmd scan -a /dev/ttyUSB0
  mbmd help run

exit codes:
  0    success
  1    failure while running
  2    wrong usage or configuration
  130  interrupted
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    _make_writable()
    try:
        try:
            return _main(sys.argv[1:] if argv is None else argv)
        finally:
            print(end="", flush=True)
    except BrokenPipeError:
        # Who reads has seen enough, as in `mbmd devices | head`.
        _drop_output()
        return 141
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _drop_output()
        print(f"mbmd: the output cannot be written: {os.strerror(error.errno)}", file=sys.stderr)
        return 1


def _make_writable() -> None:
    """See to it that every text can be printed: whatever the encoding, and where the outputs are closed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Let what is still to be written go nowhere: Python would complain when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _main(words: Sequence[str]) -> int:
    if "_ARGCOMPLETE" in os.environ:
        from mbmd.cli.completion import answer

        answer(make_parser(os.environ.get("COMP_LINE", "").split()))
    if not words:
        make_parser(()).print_help(sys.stderr)
        return 2
    args = make_parser(words).parse_args(words)
    if args.takes_secrets:
        from mbmd.cli.process_list import hide_secrets

        hide_secrets(sys.argv[1:])
    try:
        if args.configured:
            from mbmd.cli.configured import fill

            fill(args)
        code: int = args.run(args)
    except MbmdError as error:
        _tell(error)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130
    return code


def _tell(error: MbmdError) -> None:
    """Say what is wrong on standard error; in the journal of systemd its lines count as errors too."""
    from mbmd.config.given import printable

    prefix = ""
    if "JOURNAL_STREAM" in os.environ:
        from mbmd.running.logs import error_prefix

        prefix = error_prefix()
    for line in str(error).splitlines():
        print(prefix + printable(line if line.startswith(" ") else f"mbmd: {line}"), file=sys.stderr)


def make_parser(words: Iterable[str] = COMMANDS) -> MainParser:
    """The parser of a command line of these words: it knows the options of the commands that are among them."""
    top = MainParser(
        prog="mbmd",
        description="Modbus Measurement Daemon: polls smart meters on many buses and serves their readings.",
        epilog=_EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"mbmd {__version__}", help="print the version")
    add_bus_options(top)
    top.set_defaults(configured=(), takes_secrets=False)
    subparsers = top.add_subparsers(metavar="COMMAND", dest="command", required=True, parser_class=Parser)
    asked = set(words)
    for name, text in COMMANDS.items():
        if name in asked:
            import_module(f"mbmd.cli.{name}").add_parser(subparsers)
        else:
            subparsers.add_parser(name, help=text)
    return top
