"""Settings of the documentation: ``make docs``."""

import logging
import os
import tempfile
from pathlib import Path

from docutils import nodes
from numpydoc import xref

import twinmatch

project = "twinmatch"
author = "The twinmatch developers"
copyright = author
version = release = twinmatch.__version__

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx_copybutton"]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_templates", "conf.py"]
nitpicky = False
suppress_warnings = ["myst.strikethrough"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# Notebooks are Python in percent format; they run on the sample whenever the documentation is built.
nb_custom_formats = {".py": ["jupytext.reads", {"fmt": "py:percent"}]}
nb_execution_raise_on_error = True
nb_execution_timeout = 120  # seconds for a cell
nb_output_stderr = "remove-warn"
nb_merge_streams = True
logging.getLogger("traitlets").setLevel(logging.WARNING)
# Kernels start with no settings of whoever builds this, and say nothing that is not an error.
_ipython = tempfile.TemporaryDirectory()
os.environ["IPYTHONDIR"] = _ipython.name
_profile = Path(_ipython.name, "profile_default")
_profile.mkdir()
(_profile / "ipython_kernel_config.py").write_text("get_config().IPKernelApp.log_level = 40\n")

autosummary_generate = True
autodoc_typehints = "none"  # the signature shows them; the text says shapes and units
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# Our own types lead to their pages; those of Python and NumPy, whose pages are elsewhere, stay words.
xref.DEFAULT_LINKS.clear()
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = {name: f"twinmatch.{name}" for name in twinmatch.__all__ if name[0].isupper()} | {
    "BlockingPairs": "twinmatch.blocking.BlockingPairs",
    "Claim": "twinmatch.certify.Claim",
    "Mechanism": "twinmatch.mechanisms.Mechanism",
    "Metrics": "twinmatch.metrics.Metrics",
    "Procedure": "twinmatch.mechanisms.Procedure",
    "Witness": "twinmatch.witness.Witness",
}

html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"twinmatch {release}"
html_static_path = ["_static"]
html_css_files = ["pages.css", "notebooks.css"]
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f4e79", "color-brand-content": "#1f4e79"},
    "dark_css_variables": {"color-brand-primary": "#8fbce6", "color-brand-content": "#8fbce6"},
}


def formula(node, *, block):
    """Return a formula as MathML, which browsers draw without any script from elsewhere."""
    from docutils.utils.math.latex2mathml import tex2mathml

    mathml = tex2mathml(node.astext().strip(), as_block=block)
    return f'<div class="math">{mathml}</div>' if block else mathml


def setup(app):
    """Register the renderer of formulas."""

    def inline(translator, node):
        translator.body.append(formula(node, block=False))
        raise nodes.SkipNode

    def display(translator, node):
        translator.body.append(formula(node, block=True))
        raise nodes.SkipNode

    app.add_html_math_renderer("mathml", (inline, None), (display, None))
