"""Frames as `--raw` shows them."""

from mbmd.bus.trace import LONGEST, FrameTrace


def test_characters_become_frames() -> None:
    told: list[tuple[str, bytes]] = []
    trace = FrameTrace(lambda direction, data: told.append((direction, data)))
    trace.sent(b"\1\4")
    for character in b"\1\4\2":
        trace.heard(bytes((character,)))
    assert told == [(">", b"\1\4")]
    trace.ended()
    trace.ended()
    trace.heard(b"half")
    trace.sent(b"\2")
    assert told == [(">", b"\1\4"), ("<", b"\1\4\2"), ("<", b"half"), (">", b"\2")]


def test_noise_without_end_is_shown_in_pieces() -> None:
    told: list[bytes] = []
    trace = FrameTrace(lambda _, data: told.append(data))
    for _ in range(2 * LONGEST + 2):
        trace.heard(b"x")
    assert [len(piece) for piece in told] == [LONGEST + 1, LONGEST + 1]
