"""What `benchmarks.kernels` measures, and its two harnesses: pyperf for time, callgrind for instructions."""
