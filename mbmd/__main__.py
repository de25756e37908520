"""`python -m mbmd`, for where the command is not on the path."""

import sys

from mbmd.cli import main

sys.exit(main())
