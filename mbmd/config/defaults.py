"""What counts where nothing is said; imports nothing, so that `mbmd --help` can tell it quickly."""

BAUDRATE = 9600
COMSETS = ("8N1", "8N2", "8E1", "8O1")
"""Character formats of serial lines, the default first."""
DEFAULT_CLIENT_ID = "mbmd"
DEFAULT_API = "0.0.0.0:8080"
DEFAULT_RATE = "1s"
DEFAULT_TIMEOUT = "300ms"
