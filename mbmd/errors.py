"""The errors of mbmd; each class says what happens next.

MbmdError
├── MovedError               a device has other values than expected where they are read: it is asked what it has
├── UsageError               the command ends with exit code 2 and this one line
│   └── DeviceTableError     a device table (TOML) is wrong: names its file and key
├── LinkError                the connection is down: the bus reconnects after a pause
│   └── NotConnectedError    it was closed before the request: the bus connects and asks
└── TransactionError         one request got no good answer
    ├── AnswerTimeout        nothing came in time: asked again, then the device is offline
    ├── FrameError           what came was damaged or not the answer: asked again
    ├── UnsteadyError        a scale changed while its values were read: asked again
    └── ModbusException      the device refuses; codes 1 to 3 ask for another plan, 5 and 6 for time, 10
                                and 11 are a gateway's word for no answer, others are asked again; so is 4,
                                which some devices mean as others mean 2 and 3
"""


class MbmdError(Exception):
    """Base of everything that mbmd raises on purpose."""


class MovedError(MbmdError):
    """What a device has stands elsewhere by now: nothing that was read with it is to be believed."""


class UsageError(MbmdError):
    """What the user gave cannot work; the text is one line that says what to do."""


class DeviceTableError(UsageError):
    """A device table is wrong; the text begins with the file and names the key."""


class LinkError(MbmdError):
    """The way to the bus is down: cable, adapter, gateway or network; `asked` if it went down under a request."""

    kind = "link"
    asked = True


class NotConnectedError(LinkError):
    """The connection was closed before the request: nothing was asked."""

    asked = False


class TransactionError(MbmdError):
    """A request that got no usable answer; the line itself may be fine."""

    means_silence = True
    """Nothing was heard of the device itself."""
    kind = "other"
    """What it is counted as."""


class AnswerTimeout(TransactionError):  # noqa: N818 - the field's own word
    """No answer within the timeout."""

    kind = "timeout"


class FrameError(TransactionError):
    """An answer was damaged (checksum) or could not belong to the request."""

    def __init__(self, text: str, kind: str = "damaged") -> None:
        super().__init__(text)
        self.kind = kind


class UnsteadyError(TransactionError):
    """What was read of a value in several requests does not belong together."""

    means_silence = False
    kind = "unsteady"


EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    5: "acknowledge",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target device failed to respond",
}
"""Exception codes and their names, MODBUS Application Protocol Specification V1.1b3, section 7."""


class ModbusException(TransactionError):  # noqa: N818 - the specification's own word
    """The device answered with an exception; `code` is the exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code} ({EXCEPTIONS.get(code, 'unknown')})")
        self.code = code
        self.kind = f"exception {code}"
        self.means_silence = code in (10, 11)

    @property
    def asks_for_other_plan(self) -> bool:
        """The device refuses the function, the address or the length: the same request would be refused again."""
        return self.code in (1, 2, 3)

    @property
    def is_failure(self) -> bool:
        """The device failed at it, now or whenever it is asked for that."""
        return self.code == 4

    @property
    def asks_for_time(self) -> bool:
        """The device is busy, and will answer the same request later."""
        return self.code in (5, 6)

    @property
    def is_final(self) -> bool:
        """The device does not know the function."""
        return self.code == 1
