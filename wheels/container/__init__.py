"""The image of mbmd: its recipe, and the check that builds and runs it."""
