"""Hypothesis: no deadlines, for machines are shared; fewer examples under the sanitizers, which are slow."""

import os

from hypothesis import HealthCheck, settings

SLOW_MACHINE = [HealthCheck.too_slow]

settings.register_profile("default", deadline=None, suppress_health_check=SLOW_MACHINE, max_examples=100)
settings.register_profile("sanitize", deadline=None, suppress_health_check=SLOW_MACHINE, max_examples=30)
# Of whoever runs the tests.
for variable in [name for name in os.environ if name.startswith("MBMD_")]:
    del os.environ[variable]

settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
