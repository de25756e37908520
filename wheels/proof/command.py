"""`python -m wheels prove`: whether the wheels work where they shall."""

import argparse
import signal
from pathlib import Path

from wheels.folders import DIST, PROOF_LOCK
from wheels.proof.systems import MACHINES, QUICK, demand_emulators
from wheels.tools import enter_tools

_HELP = "prove that the wheels work, on the Pythons of this machine and emulated on ARM"
_EXAMPLES = """\
examples:
  python -m wheels prove
  python -m wheels prove --only armv7l
  python -m wheels prove --quick --jobs 2

This machine's own platform is proved on each CPython from 3.11 on that is found, the others on those of Debian 12 and
13, in fresh trees and by emulation (apt-get install qemu-user-static): there the wheels are installed from a bundle,
without network and compiler. Nothing of this needs root or changes the machine.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "prove",
        help=_HELP,
        description=f"P{_HELP[1:]}.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", action="append", choices=[*MACHINES], metavar="PLATFORM", help=f"one of {', '.join(MACHINES)}"
    )
    parser.add_argument("--dist", type=Path, default=DIST, metavar="DIR", help="what was built (default: wheels/dist)")
    parser.add_argument("--quick", action="store_true", help=f"emulate only Python {QUICK}")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="Pythons at a time (default: 1)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prove all; 0 if all went well."""
    platforms = args.only or [*MACHINES]
    demand_emulators(platforms)
    enter_tools(args.words, PROOF_LOCK)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    from wheels.proof.files import prove_files  # these want the tools
    from wheels.proof.plan import carry_out, planned
    from wheels.proof.report import Report, summary

    report, dist = Report(), args.dist.resolve()
    prove_files(dist, platforms, report)
    plans = planned(platforms, dist, args.quick, report)
    carry_out(plans, args.jobs, report)
    print(summary(report, [plan.name for plan in plans]))
    return 1 if report.failures else 0
