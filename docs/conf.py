"""How the documentation is built: `uv run --group docs sphinx-build -W -n -b html docs FOLDER`, without the network."""

import shutil
import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

# Notebooks live beside the package; the site shows them as they were committed, with their outputs.
_NOTEBOOKS = HERE / "notebooks"
_NOTEBOOKS.mkdir(exist_ok=True)
for _path in (HERE.parent / "notebooks").glob("*.ipynb"):
    shutil.copy2(_path, _NOTEBOOKS)  # with its time, so that a page that did not change is not made again
_GUIDE = (HERE.parent / "notebooks" / "README.md").read_text(encoding="utf-8")
(_NOTEBOOKS / "index.md").write_text(f"{_GUIDE}\n```{{toctree}}\n:hidden:\n:glob:\n\n0*\n```\n", encoding="utf-8")

project = "vrest"
author = "The vrest developers"
release = version = installed("vrest")
html_title = f"vrest {release}"
html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "show_prev_next": True,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 7,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"**": []}  # the width goes to what commands print
html_show_sphinx = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
copyright = author

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docstrings", "mathml", "run", "listings"]
exclude_patterns = ["_ext", "_build"]
html_math_renderer = "mathml"
myst_enable_extensions = ["dollarmath", "deflist", "attrs_inline"]
myst_heading_anchors = 3
nb_execution_mode = "off"

default_role = "code"
smartquotes = False  # what is to be typed stays as it is typed
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_use_ivar = False
nitpick_ignore_regex = [("py:(class|exc)", ".*")]  # types and exceptions are words here, not links
