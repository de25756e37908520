"""Late answers on framings that do not number them; pure, `now` is an argument."""

from mbmd.protocol.pdu import Request


class LateAnswers:
    """Remembers requests whose answer never came, since it may still come and fit another request.

    An RTU answer does not say which address it is of: after a timeout, a request of the same unit and
    length for other registers would take it. Such a request is held until the late answer cannot come.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._missed: dict[tuple[int, bytes], tuple[bytes, float]] = {}
        self._doubted: tuple[int, bytes] | None = None

    def missed(self, unit: int, request: Request, now: float) -> None:
        """The answer to `request` did not come in time."""
        key = unit, request.prefix
        _, until = self._missed.get(key, (b"", 0.0))
        self._missed[key] = request.pdu, max(until, now + self._seconds)

    def clear(self) -> None:
        """No answer can come any more: the connection is a new one."""
        self._missed.clear()

    def doubtful(self, unit: int, request: Request, now: float) -> bool:
        """Whether an exception that has come may be the late answer to another request; it tells no length either.

        When it comes again at once, it is believed.
        """
        self._doubted, before = None, self._doubted
        asked = unit, request.pdu
        if before == asked or not self._others_missed(unit, request, now):
            return False
        self._doubted = asked
        return True

    def hold(self, unit: int, request: Request, now: float) -> float:
        """Seconds to wait before sending `request`, so that no late answer is taken for its own."""
        if not self._missed:
            return 0.0
        key = unit, request.prefix
        pdu, until = self._missed.get(key, (b"", 0.0))
        if until <= now:
            self._missed.pop(key, None)
            return 0.0
        if pdu == request.pdu:
            self._missed[key] = pdu, now + 2 * self._seconds
            return 0.0
        return until - now

    def _others_missed(self, unit: int, request: Request, now: float) -> bool:
        return any(
            unit == other_unit and request.pdu[0] == prefix[0] and pdu != request.pdu and now < until
            for (other_unit, prefix), (pdu, until) in self._missed.items()
        )
