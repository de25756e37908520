"""How the manual is built: `make docs`."""

from mbmd import __version__

project = "mbmd"
author = "the authors of mbmd"
copyright = "the authors of mbmd"  # noqa: A001 (the name that Sphinx wants)
version = release = __version__

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
exclude_patterns = ["screenshots/*.md"]
# Grafana's variables are no PromQL.
suppress_warnings = ["misc.highlighting_failure"]
nitpicky = True

html_theme = "furo"
html_title = f"mbmd {__version__}"
html_show_sphinx = False
html_copy_source = False
