"""How mbmd is built to be installed: wheels for three platforms, and all that they need where PyPI has no wheels.

Everything is made of pinned parts and cross-built by one compiler, so that two builds of a commit are the same to the
bit, whatever machine they ran on.
"""

PROG = "python -m wheels"
