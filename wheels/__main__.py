"""`python -m wheels`: builds what is installed."""

import sys
from collections.abc import Sequence

from mbmd.errors import MbmdError, UsageError
from wheels import options


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code."""
    args = options.parse(argv)
    try:
        code: int = args.run(args)
    except MbmdError as error:
        print(f"{options.PROG}: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print(f"{options.PROG}: interrupted: nothing was written", file=sys.stderr)
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
