"""How a key of the configuration is described."""

from msgspec import Meta

from mbmd.config.options import Option


def key(description: str, option: Option, example: str = "") -> Meta:
    """A key that `option` reads; `example` is for people where there is no default."""
    return Meta(description=description, extra={"option": option, "example": example})


def table_key(description: str, example: str) -> Meta:
    """A key that the option of its name in the tables of options reads."""
    return Meta(description=description, extra={"example": example})
