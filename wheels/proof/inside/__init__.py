"""What runs on the Python that a wheel is proved on: the standard library, the installed mbmd and the oracle alone."""
