"""Solutions files as people type them: TOML whose names and amounts need no quotes."""

import re
import tomllib
from typing import Any

from ...models.errors import DataError
from ...models.files import too_deep

_LINE = re.compile(r"""^(\s*)("[^"]*"|'[^']*'|[^\s"'#\[\]=][^"'#=]*?)(\s*=\s*)(.*)$""")
_HEADING = re.compile(r"""^\s*\[([^\[\]"']+)\]\s*(#.*)?$""")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_TEXT = re.compile(r"""(?!(?:true|false|inf|nan)\b)(\d[\d.]*\s*[A-Za-zµμ%][^"'#]*|\d+,[^"'#]*|[A-Za-z][^"'#]*)""")
_NUMBER = re.compile(r"[\d.]+e[-+]?\d+|0[xob][0-9a-f]+", re.IGNORECASE)


def parse(text: str) -> dict[str, Any]:
    """The file's tables; raises tomllib.TOMLDecodeError, or DataError for what its reader gives up on."""
    lines, own = [], False
    for line in text.splitlines():
        if heading := _HEADING.match(line):
            own = heading[1].strip().split(".")[0] == "ions"
        lines.append(line if own else _quoted(line))
    given_up = ": not readable as TOML: brackets within brackets, or a number of too many digits."
    if too_deep(text):
        raise DataError(given_up)
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        raise
    except (RecursionError, ValueError):
        raise DataError(given_up) from None


def _quoted(line: str) -> str:
    """`[2.5 mM K]`, `CaCl2·2H2O = 2` and `NaCl = 8 g/L` with the quotes that TOML asks for."""
    if heading := _HEADING.match(line):
        name = heading[1].strip()
        return line if _BARE.fullmatch(name) else f"[{_in_quotes(name)}]"
    if not (match := _LINE.match(line)):
        return line
    key, value = match[2], match[4]
    if (words := _TEXT.match(value)) and not _NUMBER.fullmatch(words[1].strip()):
        rest = value[words.end() :]
        value = f"{_in_quotes(words[1].strip())} {rest}" if not rest or rest.startswith("#") else value
    return f"{match[1]}{key if _BARE.fullmatch(key) or key[0] in '"\'' else _in_quotes(key)}{match[3]}{value}"


def _in_quotes(text: str) -> str:
    return '"' + text.replace("\\", "\\\\") + '"'
