"""Options of devices, as hypothesis draws them."""

from hypothesis import strategies as st

from mbmd.config.options import DeviceOptions

_SECONDS = st.floats(0, 1e6)
_POSITIVE = st.floats(0, 1e6, exclude_min=True)
_FLAGS = st.none() | st.booleans()
_NASTY = "[+&=#%,@;:/?P]ower"
"""Signs that mean something in a query, a URL or a device spec."""
_NAMES = st.sampled_from(["Power", "Import*", "*", "Current?1", "[!X]*T1", _NASTY])
_PATTERNS = st.lists(_NAMES, max_size=3).map(tuple)

DEVICE_OPTION_SETS = st.builds(
    DeviceOptions,
    timeout=st.none() | _POSITIVE,
    pause=st.none() | _SECONDS,
    max_registers=st.none() | st.integers(1, 125),
    holes=_FLAGS,
    rate=st.none() | _SECONDS,
    slow_rate=st.none() | _POSITIVE,
    bases=st.lists(st.integers(0, 65533), max_size=3, unique=True).map(tuple),
    rating=st.none() | st.floats(0, exclude_min=True, allow_infinity=False),
    plausibility=_FLAGS,
    include=_PATTERNS,
    exclude=_PATTERNS,
    fast=_PATTERNS,
    slow=_PATTERNS,
    once=_PATTERNS,
)
"""All that may be asked for a device."""
