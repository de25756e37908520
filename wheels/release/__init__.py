"""`python -m wheels release-check`: whether this checkout may become a release."""
