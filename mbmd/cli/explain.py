"""What an answer that is none means, and what its reader can do."""

from collections.abc import Mapping

from mbmd.config.adapter import Adapter
from mbmd.errors import AnswerTimeout, FrameError, MbmdError, ModbusException

_EXCEPTIONS: Mapping[int, str] = {
    1: "the device does not know this function: try another -t",
    2: "it has nothing there, or not so much: a manual may count from 1 or 40001 what is counted from 0 here; "
    "try the address before, another -t, or fewer at once",
    3: "it takes no such length: try fewer at once, or all of a value",
    4: "it failed at it: see what its manual says of this address, and whether it is in order",
    5: "it needs a while for this: ask again later",
    6: "it is busy: ask again later, and see whether another master asks it too",
    8: "its memory is damaged: try again, and have it seen to if this stays",
    10: "the gateway cannot use its line: see how it is set up, and how loaded it is",
    11: "nobody answers the gateway: see the unit id, and power and wiring behind it",
}
_EXCEPTIONS_OF_WRITES: Mapping[int, str] = {
    1: "the device does not know this function: try another -t or --function",
    2: "it has nothing there that can be written: a manual may count from 1 or 40001 what is counted from 0 here",
    3: "it takes no such value, or not so many at once: see what its manual allows",
    4: "it failed at it: it may have to be unlocked or stopped first, see its manual",
}
_UNKNOWN = "its manual may tell what this code of its own means"


def explain(error: MbmdError, adapter: Adapter, heard: bool = False, writing: bool = False) -> str:
    """An error of a request, in words that say what to do; `heard` says that the line brought anything after it."""
    return f"{error}: {advice}" if (advice := _advice(error, adapter, heard, writing)) else str(error)


def _advice(error: MbmdError, adapter: Adapter, heard: bool, writing: bool) -> str:
    if isinstance(error, ModbusException):
        known = {**_EXCEPTIONS, **(_EXCEPTIONS_OF_WRITES if writing else {})}
        return known.get(error.code, _UNKNOWN)
    if isinstance(error, AnswerTimeout):
        return _about_silence(adapter, heard)
    if isinstance(error, FrameError) and error.kind == "damaged":
        return (
            f"see the baud rate and comset ({_speed(adapter)}), the cable and its ends, and whether two devices have "
            "this unit id"
        )
    if isinstance(error, FrameError):
        return "another master or a slow device may be talking: a longer --timeout may help"
    return ""


def _about_silence(adapter: Adapter, heard: bool) -> str:
    if not adapter.is_serial_line:
        return "see the unit id; a gateway may speak RTU (--rtu), and a slow device needs a longer --timeout"
    if heard:
        return (
            f"something came that is no answer: see the baud rate and comset ({_speed(adapter)}), and whether two "
            "devices have this unit id"
        )
    return (
        f"see the unit id, power, wiring (A and B may be swapped), and whether it speaks {_speed(adapter)}; a slow "
        "device needs a longer --timeout"
    )


def _speed(adapter: Adapter) -> str:
    return f"{adapter.baudrate} baud {adapter.comset}"
