"""Certificates with their keys, read from files; what is wrong with them is told by the keys of a section."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

from mbmd.errors import UsageError

_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python has no name for."""


def load_certificate(context: ssl.SSLContext, section: str, cert: Path, key: Path | None) -> None:
    """Let a context show a certificate.

    `key` is None where the same file has the key. Raises UsageError for files that do not hold what they should; it
    begins with the key of the configuration, such as `mqtt.cert`.
    """
    check_readable(f"{section}.cert", cert)
    if key is not None:
        check_readable(f"{section}.cert_key", key)

    def ask_password() -> str:
        # A daemon has nobody to ask.
        raise UsageError(f"{section}.cert_key: the key is locked with a password: mbmd needs one without")

    try:
        context.load_cert_chain(cert, key, password=ask_password)
    except ssl.SSLError as error:
        raise UsageError(_trouble(section, cert, key, error)) from None


def check_readable(name: str, path: Path) -> None:
    """Raises UsageError, which begins with the key `name`, for a file that cannot be read."""
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise UsageError(f"{name}: {path} cannot be read: {error.strerror}") from None


def server_context(section: str, cert: Path, key: Path | None) -> ssl.SSLContext:
    """What a server needs to speak TLS; raises UsageError as `load_certificate` does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A client that renegotiates has the server compute for it as often as it likes.
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    load_certificate(context, section, cert, key)
    return context


def expiry(context: ssl.SSLContext, cert: Path) -> datetime | None:
    """When the certificate of a server ends; None if OpenSSL finds it of no use for a server.

    Nothing else of Python reads certificates: a client that trusts it shakes hands with the server, in memory.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN | ssl.VerifyFlags(_NO_CHECK_TIME)
    try:
        client.load_verify_locations(cert)
        told = _shake_hands(client, context).getpeercert() or {}
    except ssl.SSLError:
        return None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(told["notAfter"])), UTC)


def _shake_hands(client: ssl.SSLContext, server: ssl.SSLContext) -> ssl.SSLObject:
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    asks = client.wrap_bio(back, there)
    answers = server.wrap_bio(there, back, server_side=True)
    waiting = [asks, answers]
    while asks in waiting:
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                continue
    return asks


def _trouble(section: str, cert: Path, key: Path | None, error: ssl.SSLError) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return f"{section}.cert_key: {key or cert} holds the key of another certificate than {cert}"
    if error.reason in ("EE_KEY_TOO_SMALL", "CA_MD_TOO_WEAK", "CA_KEY_TOO_SMALL"):
        return f"{section}.cert: {cert} is signed too weakly for TLS today: make another"
    if key is not None and _holds_certificate(cert):
        return f"{section}.cert_key: {key} holds no key: it must be a PEM file"
    if _holds_certificate(cert):
        return f"{section}.cert: {cert} holds no key: add it there, or give its file as cert_key"
    return f"{section}.cert: {cert} holds no certificate: it must be a PEM file"


def _holds_certificate(path: Path) -> bool:
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        return False
    return True
