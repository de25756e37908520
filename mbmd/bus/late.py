"""Late answers on framings that do not number them; pure, `now` is an argument."""

from typing import NamedTuple

from mbmd.protocol.pdu import Request


class _Missed(NamedTuple):
    """The last request of its kind without an answer, and until when one may come.

    Asked once more, it may have a second answer for `again` seconds.
    """

    pdu: bytes
    until: float
    again: float


class LateAnswers:
    """Remembers requests whose answer never came, since it may still come and fit another request.

    An RTU answer does not say which address it is of: after a timeout, a request of the same unit and
    length for other registers would take it. Such a request is held until the late answer cannot come.

    `seconds` is how long one may be late, infinite on a stream that loses nothing; `elsewhere` how long it may be
    after the connection was renewed: a gateway hands what its serial line brings to whoever is connected then.
    """

    def __init__(self, seconds: float, elsewhere: float = 0.0) -> None:
        self.seconds = seconds
        self.elsewhere = elsewhere
        self._missed: dict[tuple[int, bytes], _Missed] = {}
        self._doubted: tuple[int, bytes] | None = None

    def missed(self, unit: int, request: Request, now: float, seconds: float | None = None) -> None:
        """The answer to `request` did not come in time; or for `seconds` more it would, but is not waited for."""
        until, again = (now + self.seconds, 2 * self.seconds) if seconds is None else (now + seconds, seconds)
        before = self._missed.get((unit, request.prefix), _Missed(b"", 0.0, 0.0))
        self._missed[unit, request.prefix] = _Missed(request.pdu, max(until, before.until), max(again, before.again))

    def is_any(self, now: float) -> bool:
        """Whether any late answer may still come."""
        if self._missed:
            self._missed = {key: missed for key, missed in self._missed.items() if missed.until > now}
        return bool(self._missed)

    def renewed(self, now: float) -> None:
        """The connection is a new one."""
        latest = now + self.elsewhere
        self._missed = {key: m._replace(until=min(m.until, latest)) for key, m in self._missed.items()}

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
        missed = self._missed.get(key)
        if missed is None:
            return 0.0
        if missed.until <= now:
            del self._missed[key]
            return 0.0
        if missed.pdu == request.pdu:
            self._missed[key] = missed._replace(until=max(missed.until, now + missed.again))
            return 0.0
        return missed.until - now

    def _others_missed(self, unit: int, request: Request, now: float) -> bool:
        return any(
            unit == other_unit and request.pdu[0] == prefix[0] and other.pdu != request.pdu and now < other.until
            for (other_unit, prefix), other in self._missed.items()
        )
