"""Texts that nobody should see."""

from mbmd.config.given import MASK


class Secret(str):
    """A password or token, which does not show itself where objects are printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)
