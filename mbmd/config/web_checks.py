"""What is wrong with the keys of the web server that are right one by one; reads its certificate."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from mbmd.config.certificate import expiry, server_context
from mbmd.config.web import Web
from mbmd.errors import UsageError

SOON = timedelta(days=14)
"""Time before its end at which a certificate should have been renewed."""


def web_problems(web: Web) -> Iterator[tuple[str, str]]:
    """Keys such as `web.cert`, and why they cannot count as they are."""
    for key in ("users", "tokens"):
        names = Counter(login.name for login in getattr(web, key))
        yield from (
            (f"web.{key}", f"{name} is given twice: give it once") for name, times in names.items() if times > 1
        )
    if web.cert_key and not web.cert:
        yield "web.cert_key", "is the key of a certificate, and there is none: give cert too"
    if web.cert is not None:
        try:
            server_context("web", web.cert, web.cert_key)
        except UsageError as error:
            key, _, text = str(error).partition(": ")
            yield key, text


def web_warnings(web: Web, now: datetime) -> Iterator[tuple[str, str]]:
    """Keys that may not mean what their user wants; for a configuration without problems."""
    if web.cert is None:
        return
    end = expiry(server_context("web", web.cert, web.cert_key), web.cert)
    if end is None:
        yield "web.cert", f"{web.cert} is no certificate for a server: browsers will refuse it"
    elif end < now:
        yield "web.cert", f"{web.cert} has expired on {end:%Y-%m-%d}: browsers will refuse it, renew it"
    elif end < now + SOON:
        yield "web.cert", f"{web.cert} expires on {end:%Y-%m-%d}: renew it, and let mbmd reload"
