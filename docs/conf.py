"""How the manual is built: `make docs`. It is read without a network, so nothing in it comes from elsewhere."""

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
smartquotes = False  # they would make one dash of the two of an option

html_theme = "furo"
html_title = f"mbmd {__version__}"
html_favicon = html_logo = "../mbmd/web/static/favicon.svg"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1d5fae", "color-brand-content": "#1d5fae"},
    "dark_css_variables": {"color-brand-primary": "#7fb2ee", "color-brand-content": "#7fb2ee"},
    "top_of_page_buttons": [],
}
html_static_path = ["manual.css"]
html_css_files = ["manual.css"]
html_show_sphinx = False
html_copy_source = False
