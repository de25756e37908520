"""The whole way: from the wire to REST, websocket, MQTT and metrics.

The daemon is `mbmd run` and a process of its own, and so is who plays the meters, the broker (a real mosquitto) and
each kind of client. Meters answer with the monotonic clock, so whatever arrives tells how long it took: a delay is from
the last answer of a poll on the wire until the receiver has all of that poll. All meters are polled at the same time,
once a second, so the last of them wait for the first. Values are floats of 32 bits and so ±0.03 ms off, and ±0.5 ms on
MQTT, which has three decimals. CPU is that of the daemon's process by the kernel's account, and readings and missed
rounds are counted by the meters.
"""

from benchmarks.whole.plan import run

__all__ = ["run"]
