"""What holds for all tests.

Hypothesis: no deadlines, for machines are shared; fewer examples under the sanitizers, which are slow.
"""

import logging
import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

SLOW_MACHINE = [HealthCheck.too_slow]

settings.register_profile("default", deadline=None, suppress_health_check=SLOW_MACHINE, max_examples=100)
settings.register_profile("sanitize", deadline=None, suppress_health_check=SLOW_MACHINE, max_examples=30)
# A shell has its jobs in the background ignore it, and so would the commands that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Of whoever runs the tests.
for variable in [name for name in os.environ if name.startswith("MBMD_")]:
    del os.environ[variable]

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Commands set up how they log; the next test begins anew."""
    root, own = logging.getLogger(), logging.getLogger("mbmd")
    handlers, levels = root.handlers[:], (root.level, own.level)
    yield
    root.handlers[:] = [handler for handler in root.handlers if handler in handlers]
    root.setLevel(levels[0])
    own.setLevel(levels[1])
