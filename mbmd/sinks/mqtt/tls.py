"""How the connection to a broker is encrypted."""

import ssl
from pathlib import Path

from mbmd.config.broker import parse_broker
from mbmd.config.outputs import Mqtt
from mbmd.errors import UsageError


def tls_context(config: Mqtt) -> ssl.SSLContext | None:
    """What certificates count and which are shown; None for a connection that is not encrypted.

    Raises UsageError for files that do not hold what they should.
    """
    if not parse_broker(config.broker).encrypted:
        return None
    context = _authorities(config.ca)
    if config.cert is not None:
        _show(context, config.cert, config.cert_key)
    if config.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _authorities(ca: Path | None) -> ssl.SSLContext:
    if ca is None:
        return ssl.create_default_context()
    _check_readable("mqtt.ca", ca)
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError:
        raise UsageError(f"mqtt.ca: {ca} holds no certificate: it must be a PEM file") from None


def _show(context: ssl.SSLContext, cert: Path, key: Path | None) -> None:
    _check_readable("mqtt.cert", cert)
    if key is not None:
        _check_readable("mqtt.cert_key", key)
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except ssl.SSLError as error:
        raise UsageError(_trouble(cert, key, error)) from None


def _trouble(cert: Path, key: Path | None, error: ssl.SSLError) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"mqtt.cert_key: {key or cert} holds the key of another certificate than {cert}"
    if key is not None and _holds_certificate(cert):
        return f"mqtt.cert_key: {key} holds no key: it must be a PEM file"
    if _holds_certificate(cert):
        return f"mqtt.cert: {cert} holds no key: add it there, or give its file as cert_key"
    return f"mqtt.cert: {cert} holds no certificate: it must be a PEM file"


def _holds_certificate(path: Path) -> bool:
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        return False
    return True


def _check_readable(key: str, path: Path) -> None:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise UsageError(f"{key}: {path} cannot be read: {error.strerror}") from None


def _no_password() -> str:
    """A daemon has nobody to ask."""
    raise UsageError("mqtt.cert_key: the key is locked with a password: mbmd needs one without")
