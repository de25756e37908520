"""How the log is written."""

import logging
import sys

from mbmd.running.logs import Formatter


def test_no_line_has_user_or_password_of_a_url_also_in_a_traceback() -> None:
    try:
        raise RuntimeError("no way to http://me:tr0ub4dor@host")
    except RuntimeError:
        error = sys.exc_info()
    record = logging.LogRecord("mbmd", logging.ERROR, "", 0, "lost %s", ("mqtts://me:s3cret@host",), error)
    text = Formatter().format(record)
    assert "lost mqtts://********@host" in text
    assert "RuntimeError: no way to http://********@host" in text
    assert "me:tr0ub4dor" not in text
    assert "s3cret" not in text
