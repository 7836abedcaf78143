"""Whether every link inside the built site leads somewhere: `python docs/links.py FOLDER`; other sites are not asked."""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class _Page(HTMLParser):
    """The addresses that a page refers to, and the names in it that can be referred to."""

    def __init__(self, path: Path):
        super().__init__()
        self.targets, self.names = [], {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.targets.append(value)
            elif name == "id" or (tag == "a" and name == "name"):
                self.names.add(value)


def broken(site: Path) -> list[str]:
    """Links that lead nowhere, as `page: link`."""
    static = site.resolve() / "_static"  # the theme's own templates
    pages = {p: _Page(p) for p in site.resolve().rglob("*.html") if static not in p.parents}
    found = []
    for path, page in pages.items():
        for target in page.targets:
            link = urlsplit(target)
            if link.scheme or link.netloc:
                continue
            to = (path.parent / unquote(link.path)).resolve() if link.path else path
            to = to / "index.html" if to.is_dir() else to
            known = pages[to].names if to in pages else None
            if not to.exists() or (known is not None and unquote(link.fragment) not in known):
                found.append(f"{path.relative_to(site.resolve())}: {target}")
    return found


if __name__ == "__main__":
    lines = broken(Path(sys.argv[1]))
    print("\n".join([*lines, f"{len(lines)} broken links"]))
    sys.exit(bool(lines))
