"""`mbmd help`: the same as `--help` behind a command."""

import argparse

from mbmd.errors import UsageError


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "help",
        help="tell how a command is used",
        description="Tell how a command is used: the same as --help behind it.",
        epilog="examples:\n  mbmd help\n  mbmd help run\n  mbmd help devices show",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", nargs="*", metavar="COMMAND", help="the command; default: all of them")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the help of a command."""
    from mbmd.cli import COMMANDS, make_parser

    if args.words and args.words[0] not in COMMANDS:
        from mbmd.config.values import did_you_mean

        raise UsageError(f"unknown command {args.words[0]!r}{did_you_mean(args.words[0], COMMANDS)}")
    make_parser(args.words).parse_args([*args.words, "--help"])
    return 0
