"""`mbmd passwd`: the lines of the configuration by which people and programs may ask the web server."""

import argparse
import sys

from mbmd.errors import UsageError

_EPILOG = """\
The password is asked for twice, or read as one line from standard input; it cannot be given as an argument, where
others could see it. The line goes under users in the section web of the configuration, that of a token under tokens;
mbmd reload lets a running daemon know of it. Neither says the password or token to who reads it.

examples:
  mbmd passwd alice
  mbmd passwd alice < password.txt
  mbmd passwd --token grafana
  curl -u alice http://localhost:8080/api/last
  curl -H "Authorization: Bearer TOKEN" http://localhost:8080/api/last
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "passwd",
        help="make a password or token for the web server",
        description="Make the line of the configuration that lets a person ask the web server with a password, or a "
        "program with a token.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="who it is for: letters, digits and . _ @ -")
    parser.add_argument("--token", action="store_true", help="make a random token, which is shown only now")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the line."""
    from mbmd.config.passwords import hash_password, hash_token, make_token
    from mbmd.config.web import is_login_name

    if not is_login_name(args.name):
        raise UsageError("NAME must be letters, digits and . _ @ - alone, as in alice; a password is asked for later")
    if args.token:
        token = make_token()
        _tell(args, f"{args.name}={hash_token(token)}", "tokens", token)
    else:
        _tell(args, f"{args.name}={hash_password(_password())}", "users")
    return 0


def _tell(args: argparse.Namespace, line: str, key: str, token: str = "") -> None:
    """Only the line goes to standard output, so that it can be appended to a file."""
    if args.json:
        from mbmd.cli.output import print_json

        print_json({"line": line, **({"token": token} if token else {})})
        return
    if token:
        print(f"token, which is shown only now: {token}", file=sys.stderr)
    print(f"for the list {key} in the section web of the configuration:", file=sys.stderr, flush=True)
    print(line)


def _password() -> str:
    """What is typed twice, or the line that standard input has. Raises UsageError if there is none."""
    if not sys.stdin.isatty():
        return _line()
    from getpass import getpass

    try:
        password = getpass("password: ")
        again = getpass("once more: ")
    except EOFError:
        raise UsageError("no password was given") from None
    if password != again:
        raise UsageError("the two passwords differ: try again")
    return password


def _line() -> str:
    try:
        line, rest = sys.stdin.readline(), sys.stdin.read(1)
    except UnicodeDecodeError:
        raise UsageError("standard input is no text") from None
    if rest:
        raise UsageError("standard input has more than one line: give the password alone")
    return line.removesuffix("\n").removesuffix("\r")
