"""The installed kernels against the oracle: `python -m wheels.proof.inside.kernels [ROUNDS]`.

A round is a hundred or so cases for each native module, drawn by lot, always the same.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from pkgutil import iter_modules
from random import Random

import mbmd
from mbmd import _native
from wheels.proof.inside.columns import check_counters, check_decode, check_window
from wheels.proof.inside.judge import MismatchError, must_equal
from wheels.proof.inside.streams import check_requests, check_streams
from wheels.proof.inside.wire import check_crc, check_exchange, check_query, check_timer

Check = Callable[[Random], None]

CHECKS: dict[str, tuple[tuple[Check, int], ...]] = {
    "counters": ((check_counters, 40),),
    "crc": ((check_crc, 200),),
    "decode": ((check_decode, 100),),
    "exchange": ((check_exchange, 50),),
    "framing": ((check_requests, 50), (check_streams, 300)),
    "query": ((check_query, 50),),
    "timer": ((check_timer, 10),),
    "window": ((check_window, 20),),
}
"""What is done with each native module, and how often in a round."""


def main() -> int:
    """Check all, say how many cases there were; 1 at the first that differs."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    try:
        must_be_installed()
        cases = sum(check_module(name, rounds) for name in CHECKS)
    except MismatchError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{cases} cases of {len(CHECKS)} modules as the oracle has them")
    return 0


def must_be_installed() -> None:
    """The kernels are those of this Python's own installation, and each is checked."""
    if not Path(mbmd.__file__).is_relative_to(sys.prefix):
        raise MismatchError(f"mbmd is not the installed one: {mbmd.__file__}")
    must_equal({module.name for module in iter_modules(_native.__path__)}, set(CHECKS), "native modules")


def check_module(name: str, rounds: int) -> int:
    """Do the checks of a module; how many cases there were."""
    cases = 0
    for check, times in CHECKS[name]:
        for case in range(times * rounds):
            seed = f"{name} {check.__name__} {case}"
            try:
                check(Random(seed))  # noqa: S311 - lots, not secrets
            except MismatchError as error:
                raise MismatchError(f"{seed}: {error}") from None
            cases += 1
    return cases


if __name__ == "__main__":
    sys.exit(main())
