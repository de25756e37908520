"""What mbmd costs before it does anything, and what it takes of memory and disk.

- Start-up: CPU time of a process from its start to its end, user and system, as the kernel counts it; those that are
  compared start in turn, and each value is the median of several starts. Files are in the cache, byte code is there.
- First reading: wall-clock time from the start of `mbmd run` with one TCP meter that answers at once, and one that has
  never been seen, until REST answers with a reading of it. REST is asked every 5 ms.
- Memory: what is resident of a process that has imported a part and waits, and of daemons with meters that are online,
  each on a TCP connection of its own.
- Size: the files of mbmd and of the libraries that it needs, without byte code, and of a wheel that is built here.
"""

from collections.abc import Iterator

from benchmarks.effort import Effort
from benchmarks.figure import Figure
from benchmarks.startup.memory import memory
from benchmarks.startup.size import sizes
from benchmarks.startup.starts import first_reading, starts


def run(effort: Effort) -> Iterator[Figure]:
    """Start-up, first reading, memory, size."""
    yield from starts(effort)
    yield from first_reading(effort)
    yield from memory(effort)
    yield from sizes(effort)
