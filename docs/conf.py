"""Sphinx builds the site from this; nothing else reads it."""

from importlib.metadata import version as _version

project = "bedrock_token_generator"
author = "The bedrock_token_generator authors"
copyright = f"2026, {author}"  # noqa: A001
version = release = _version(project)

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx_copybutton",
]
exclude_patterns = ["_build", "notebooks"]
# The names of Python's documentation that the docstrings use, so that the build needs no network.
intersphinx_mapping = {"python": ("https://docs.python.org/3", "_inventories/python.inv")}
nitpicky = True
# botocore's documentation has no page for these.
nitpick_ignore_regex = [("py:.*", r"botocore\..*|.*Credentials.*")]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
# Signatures have one parameter a line.
python_maximum_signature_line_length = 1

html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
