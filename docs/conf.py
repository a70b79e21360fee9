"""The guide and the reference as pages: `make docs`.

Built with warnings as errors and without the network: no inventories of other
projects, no fonts or scripts from elsewhere, formulas as text.
"""

from importlib.metadata import version as version_of

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "sanlian-analysis"
author = "sanlian-analysis contributors"
project_copyright = author
release = version = version_of("sanlian-analysis")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3

# In the docstrings a name stands between single backquotes.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"sanlian-analysis {release}"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False


def setup(app: Sphinx) -> None:
    """Pygments does not know CSV: shown as it is."""
    app.add_lexer("csv", TextLexer)
