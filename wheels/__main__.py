"""`python -m wheels`: builds what is installed."""

import sys
from collections.abc import Sequence

from mbmd.errors import MbmdError, UsageError
from wheels import PROG


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code."""
    try:
        from wheels import options  # which reads the recipe, where something may be wrong

        args = options.parse(argv)
        code: int = args.run(args)
    except MbmdError as error:
        print(f"{PROG}: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except OSError as error:
        print(f"{PROG}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{PROG}: interrupted", file=sys.stderr)
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
