"""Docstrings of this package put a description where NumPy's have a type (`law : name of the membrane law`)."""

import re

_SECTIONS = {"Parameters", "Attributes"}


def described(app, what, name, thing, options, lines):
    """Put the words after a colon under the name, where Napoleon takes them for what they are."""
    found, section = [], ""
    for i, line in enumerate(lines):
        if re.fullmatch(r"-{3,}", lines[i + 1].strip() if i + 1 < len(lines) else ""):
            section = line.strip()
        match = re.fullmatch(r"([\w*][\w*, ./]*?) : (.+)", line)
        if section in _SECTIONS and match:
            more = lines[i + 1].strip() if i + 1 < len(lines) and lines[i + 1].startswith(" ") else ""
            a_type = more[:1].isupper() and not match[2].endswith((".", ";"))
            found += [match[1], f"    {match[2]}{'.' if a_type else ''}"]
        else:
            found.append(line)
    lines[:] = found


def setup(app):
    app.connect("autodoc-process-docstring", described, priority=400)  # before Napoleon
    return {"parallel_read_safe": True, "parallel_write_safe": True}
