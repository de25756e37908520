"""Text in registers."""


def decode_text(data: bytes, swapped: bool = False) -> str:
    """What a device means by bytes, without padding and what cannot be printed: UTF-8, else Latin-1.

    `swapped`: the second byte of each register comes first.
    """
    if swapped:
        data = bytes(data[at ^ 1] for at in range(len(data) & ~1))
    data = data.strip(b"\0 ")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return "".join(filter(str.isprintable, text)).strip()
