"""What mbmd can carry, measured on the machine at hand; `python -m benchmarks --help`."""
