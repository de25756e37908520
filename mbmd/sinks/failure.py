"""What is said of the errors of others."""

from mbmd.config.given import mask

_LONGEST = 300


def told(error: BaseException) -> str:
    """An error in one short line, without users and passwords of URLs, whatever it says of itself."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    text = mask(text)
    text = f"{text[:_LONGEST]}..." if len(text) > _LONGEST else text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
