"""Measures what mbmd can carry on this machine."""

import argparse
import sys

from benchmarks.effort import Effort
from benchmarks.suite import BENCHMARKS, load


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement; default: %(default)s")
    parser.add_argument("--repeat", type=int, default=5, help="the median of so many counts; default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="all within two minutes, less precisely")
    args = parser.parse_args()
    if unknown := set(args.names) - BENCHMARKS.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}: there are {', '.join(BENCHMARKS)}")
    effort = Effort(args.seconds, args.repeat, args.quick, lambda text: print(text, file=sys.stderr, flush=True))
    for name in args.names or BENCHMARKS:
        for figure in load(name)(effort):
            print(
                f"{name}: {figure.name}: {figure.median:,.3f} {figure.unit} (spread {figure.spread:,.3f})", flush=True
            )


if __name__ == "__main__":
    main()
