"""`python -m benchmarks [NAME ...]`: runs the benchmarks and prints a line for each figure."""

import argparse

from benchmarks import serial, tcp

ALL = {"tcp": tcp.run, "serial": serial.run}


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ALL)}; default: all")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement; default: %(default)s")
    parser.add_argument("--repeat", type=int, default=3, help="the median of so many counts; default: %(default)s")
    args = parser.parse_args()
    if unknown := set(args.names) - ALL.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}: there are {', '.join(ALL)}")
    for name in args.names or ALL:
        for line in ALL[name](args.seconds, args.repeat):
            print(f"{name:7}{line}", flush=True)


main()
