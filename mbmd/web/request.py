"""Requests whose head is as RFC 9112 has it: what two programs could read in two ways is refused."""

import re
from typing import Any

from sanic import Request
from sanic.exceptions import BadRequest, SanicException

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_HEAD = re.compile(rb"%b [!-~]+ HTTP/1\.[01](?:\r\n%b:[\t -~\x80-\xff]*)*" % (_TOKEN, _TOKEN))
_LENGTH = re.compile(r"[0-9]{1,15}")


class LengthRequired(SanicException):
    """A body whose length nobody knows before."""

    status_code = 411


class StrictRequest(Request):
    """A request as any other. Raises BadRequest for one that is none, LengthRequired for one in chunks."""

    def __init__(self, *, url_bytes: bytes, head: bytes = b"", **kwargs: Any) -> None:
        # Without a head it stands for what was no request, whose URL Sanic would read again, and fail again.
        super().__init__(url_bytes=url_bytes if head else b"*", head=head, **kwargs)
        if head:
            self._check(head)

    def _check(self, head: bytes) -> None:
        if _HEAD.fullmatch(head) is None or self._parsed_url.path is None:
            raise BadRequest("this is no request of HTTP/1.1")
        headers = self.headers
        if "transfer-encoding" in headers:
            raise LengthRequired("a body in chunks means nothing here")
        length = headers.get("content-length")
        if length is not None and _LENGTH.fullmatch(length) is None:
            raise BadRequest("the length of the body is no number")
        hosts = len(headers.getall("host", ()))
        if hosts > 1 or (not hosts and self.version == "1.1"):
            raise BadRequest("a request has one line of Host")
