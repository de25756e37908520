"""What runs under callgrind: the statements that come as JSON on standard input. It imports little, since that takes
fifty times as long there.
"""

import gc
import json
import os
import sys
from timeit import Timer

NUMBER = 200
WARM_UP = 50


def _main() -> None:
    timers = [Timer(statement, setup) for statement, setup in json.load(sys.stdin)]
    gc.disable()
    for timer in timers:
        timer.timeit(WARM_UP)
    os.getppid()
    for timer in timers:
        for number in (0, NUMBER):
            timer.timeit(number)
            os.getppid()


if __name__ == "__main__":
    _main()
