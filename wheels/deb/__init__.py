"""The Debian package: mbmd with all that it needs of Python's packages, as a service."""
