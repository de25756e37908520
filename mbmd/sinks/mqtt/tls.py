"""How the connection to a broker is encrypted."""

import ssl
from pathlib import Path

from mbmd.config.broker import parse_broker
from mbmd.config.certificate import check_readable, load_certificate
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
        load_certificate(context, "mqtt", config.cert, config.cert_key)
    if config.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _authorities(ca: Path | None) -> ssl.SSLContext:
    if ca is None:
        return ssl.create_default_context()
    check_readable("mqtt.ca", ca)
    try:
        return ssl.create_default_context(cafile=ca)
    except ssl.SSLError:
        raise UsageError(f"mqtt.ca: {ca} holds no certificate: it must be a PEM file") from None
