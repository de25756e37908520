"""Serial lines, by pyserial, driven by the event loop without a thread."""

import asyncio
import contextlib
import errno
import os
import stat
import termios
from typing import Any

import serial
from serial.rs485 import RS485Settings

from mbmd.config.adapter import Adapter
from mbmd.errors import LinkError, UsageError
from mbmd.transport.line import Receiver

READ_SIZE = 4096
MOST_UNSENT = 1024
"""Bytes that wait for the device at most: more than a request ever has."""


class SerialLine:
    """An open serial device; it is closed when it fails, and its receiver told."""

    def __init__(self, port: "serial.Serial", receiver: Receiver) -> None:
        self._port = port
        self._fd: int = port.fileno()
        self._receiver = receiver
        self._unsent = b""
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._read)

    def write(self, data: bytes) -> None:
        """Send `data`; what the device does not take at once follows when it can.

        The line fails when more than MOST_UNSENT bytes wait: the device is stuck.
        """
        if self._fd < 0:
            return
        if self._unsent:
            self._keep(data)
            return
        try:
            sent = os.write(self._fd, data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._fail(error)
            return
        if sent < len(data):
            self._loop.add_writer(self._fd, self._write_rest)
            self._keep(data[sent:])

    def close(self) -> None:
        """Close the device; its receiver is told in the next turn of the loop."""
        self._fail(None)

    def _keep(self, rest: bytes) -> None:
        self._unsent += rest
        if len(self._unsent) > MOST_UNSENT:
            self._fail(OSError(errno.EIO, "the device takes no data"))

    def _write_rest(self) -> None:
        self._loop.remove_writer(self._fd)
        data, self._unsent = self._unsent, b""
        self.write(data)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error)
            return
        if data:
            self._receiver.data_received(data)
        else:
            self._fail(OSError(errno.EIO, "the device is gone"))

    def _fail(self, error: OSError | None) -> None:
        if self._fd < 0:
            return
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._fd = -1
        if self._unsent:  # closing would wait for it, half a minute with most drivers
            with contextlib.suppress(OSError, termios.error):
                self._port.reset_output_buffer()
        with contextlib.suppress(OSError, termios.error):
            self._port.close()
        self._loop.call_soon(self._receiver.connection_lost, error)


def open_serial(adapter: Adapter, receiver: Receiver) -> SerialLine:
    """Open a serial device for this process alone.

    Raises UsageError when the device is missing or forbidden, LinkError for what may pass.
    """
    try:
        port = serial.Serial(
            adapter.address,
            baudrate=adapter.baudrate,
            bytesize=int(adapter.comset[0]),
            parity=adapter.comset[1],
            stopbits=int(adapter.comset[2]),
            timeout=0,
            exclusive=True,
        )
    except OSError as error:
        raise _explain(adapter.address, error) from None
    except (ValueError, termios.error) as error:  # a baudrate or comset that the driver cannot make
        raise UsageError(f"{adapter.address}: {error}") from None
    try:
        _tune(port, adapter)
        port.reset_input_buffer()
    except (OSError, termios.error) as error:
        port.close()
        raise LinkError(f"{adapter.address}: {error}") from None
    except UsageError:
        port.close()
        raise
    return SerialLine(port, receiver)


def _tune(port: Any, adapter: Adapter) -> None:
    with contextlib.suppress(OSError, ValueError, NotImplementedError):
        port.set_low_latency_mode(True)
    if adapter.rs485:
        try:
            port.rs485_mode = RS485Settings()
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{adapter.address}: the driver cannot switch RTS for RS485 ({error}): drop rs485"
            ) from None


def _explain(path: str, error: OSError) -> UsageError | LinkError:
    # pyserial wraps a termios error, which holds its number as its first argument only.
    cause = error.__context__
    code = error.errno or (cause.args[0] if isinstance(cause, OSError | termios.error) and cause.args else None)
    if code in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return UsageError(f"{path}: no such serial device: see ls /dev/serial/by-id/")
    if code in (errno.EACCES, errno.EPERM):
        return UsageError(f"{path}: permission denied: {_who_may(path)}")
    if code in (errno.EAGAIN, errno.EBUSY):
        return UsageError(f"{path}: in use by another program: stop it, as only one can talk to a bus")
    if code in (errno.ENOTTY, errno.EINVAL, errno.EISDIR):
        return UsageError(f"{path} is not a serial device")
    return LinkError(f"{path}: {error}")


def _who_may(path: str) -> str:
    import grp

    try:
        status = os.stat(path)  # noqa: PTH116
        group = grp.getgrgid(status.st_gid).gr_name
    except (OSError, KeyError):
        group = "dialout"
    else:
        if status.st_gid == 0 or status.st_mode & 0o060 != 0o060:
            return f"its mode is {stat.filemode(status.st_mode)}, group {group}: a udev rule can give it to dialout"
    return f"join its group with 'sudo usermod -aG {group} $USER' and log in again"
