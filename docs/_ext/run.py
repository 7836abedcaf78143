"""Directives that run what a page shows, when the site is built: `run` commands, `python` code, `file` a table or TOML.

The steps of a page run in one folder, in their order, in a process of their own each. What they print is kept under
`_build/runs` by page, steps so far and a hash of the package's source, so that only what changed runs again.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
RUNS = ROOT / "docs" / "_build" / "runs"
SOURCE = ("models", "data", "fitting", "vrest")
KINDS = {".py", ".csv", ".toml", ".bib", ".html"}
MOST_SECONDS = 240
WIDTH = 104  # at which sentences are broken; tables keep their lines
log = logging.getLogger(__name__)


def source_hash() -> str:
    """What the outputs depend on beside the commands: the package's files, and the versions it is tested with."""
    found = hashlib.sha256((ROOT / "pyproject.toml").read_bytes())
    for path in sorted(p for top in SOURCE for p in (ROOT / top).rglob("*") if p.suffix in KINDS):
        found.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return found.hexdigest()


class Page:
    """The steps of one page so far: a folder they work in, and a key that each step adds to."""

    def __init__(self, name: str):
        self.name, self.key, self.steps, self.fresh = name, source_hash(), [], False
        self.folder = RUNS / name.replace("/", "-")
        self.kept = RUNS / f"{name.replace('/', '-')}.kept"

    def step(self, kind: str, text: str) -> dict:
        """Do one step, or remember what it did."""
        self.key = hashlib.sha256(f"{self.key}\0{kind}\0{text}".encode()).hexdigest()
        self.steps.append((kind, text))
        memory = self.kept / f"{self.key}.json"
        if memory.exists() and not self.fresh:
            return json.loads(memory.read_text(encoding="utf-8"))
        todo = [(kind, text)] if self.fresh else self.steps
        if not self.fresh:
            shutil.rmtree(self.folder, ignore_errors=True)
            shutil.rmtree(self.kept, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self.kept.mkdir()
            self.fresh = True
        done = {}
        for what, how in todo:
            done = self._do(what, how)
        memory.write_text(json.dumps(done), encoding="utf-8")
        return done

    def _do(self, kind: str, text: str) -> dict:
        if kind == "file":
            name, _, content = text.partition("\n")
            (self.folder / name).write_text(content + "\n", encoding="utf-8")
            return {}
        scripts = Path(sys.executable).parent
        environment = os.environ | {
            "COLUMNS": "80", "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1",
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "PYTHONWARNINGS": "ignore::DeprecationWarning",
        }  # fmt: skip
        command = [sys.executable, "-"] if kind == "python" else text
        ran = subprocess.run(
            command, cwd=self.folder, env=environment, shell=kind == "run", timeout=MOST_SECONDS, encoding="utf-8",
            input=text if kind == "python" else "", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        return {"output": ran.stdout, "status": ran.returncode}


class _Step(SphinxDirective):
    has_content = True

    def page(self) -> Page:
        pages = self.env.temp_data.setdefault("vrest pages", {})
        return pages.setdefault(self.env.docname, Page(self.env.docname))

    def did(self, kind: str, text: str, expected: int) -> str:
        done = self.page().step(kind, text)
        if done["status"] != expected:
            log.warning("status %s of\n%s\n%s", done["status"], text, done["output"], location=self.get_location())
        where = str(self.page().folder)
        return done["output"].replace(where + os.sep, "").replace(where, ".").rstrip()

    def printed(self, text: str) -> nodes.Node:
        """Output, its long sentences broken as a terminal would; rows of tables have columns, and are left alone."""
        lines = []
        for line in text.splitlines():
            indent = line[: len(line) - len(line.lstrip())]
            prose = len(line) > WIDTH and "  " not in line.strip() and " " in line.strip()
            lines += textwrap.wrap(line, WIDTH, subsequent_indent=f"{indent}    ") if prose else [line]
        return self.block("\n".join(lines), "text", "vrest-output")

    def block(self, text: str, language: str, kind: str) -> nodes.Node:
        literal = nodes.literal_block(text, text, language=language)
        return nodes.container("", literal, classes=[kind])

    def picture(self) -> list[nodes.Node]:
        if "picture" not in self.options:
            return []
        source = self.page().folder / self.options["picture"]
        shown = RUNS / "pictures" / f"{self.env.docname.replace('/', '-')}-{source.stem}{source.suffix}"
        if source.exists():  # else a step that was remembered made it
            shown.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, shown)
        uri = "/" + shown.relative_to(ROOT / "docs").as_posix()
        return [nodes.image(uri=uri, alt=self.options.get("alt", ""))]


class Run(_Step):
    """A line for the shell, which is shown, then what it prints."""

    option_spec: ClassVar[dict] = {
        "status": directives.nonnegative_int,
        "picture": directives.unchanged,
        "alt": directives.unchanged,
        "silent": directives.flag,
        "from": directives.unchanged,
        "until": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        command = "\n".join(self.content)
        output = self.did("run", command, self.options.get("status", 0))
        shown = [self.block(command, "console", "vrest-command")]
        if "silent" in self.options or not output:
            return [*shown, *self.picture()]
        lines = output.splitlines()
        if start := self.options.get("from"):
            first = next((i for i, line in enumerate(lines) if line.startswith(start)), None)
            if first is None:
                log.warning("no line starts with %r in what %s prints", start, command, location=self.get_location())
                first = 0
            lines = ["…"] * (first > 0) + lines[first:]
        if (stop := self.options.get("until")) and (
            last := next((i for i, line in enumerate(lines[1:], 1) if line.startswith(stop)), None)
        ):
            lines = [*lines[:last], "…"]
        return [*shown, self.printed("\n".join(lines)), *self.picture()]


class Python(_Step):
    """Code (or a file of the documentation's, by `source`) that is shown unless hidden, and run, then what it prints."""

    option_spec: ClassVar[dict] = {
        "source": directives.unchanged,
        "hidden": directives.flag,
        "picture": directives.unchanged,
        "alt": directives.unchanged,
    }

    def run(self) -> list[nodes.Node]:
        code = "\n".join(self.content)
        if "source" in self.options:
            self.env.note_dependency(self.options["source"])
            code = (ROOT / "docs" / self.options["source"]).read_text(encoding="utf-8").strip()
        output = self.did("python", code, 0)
        shown = [] if "hidden" in self.options else [self.block(code, "python", "vrest-command")]
        printed = [self.printed(output)] if output else []
        return [*shown, *printed, *self.picture()]


class File(_Step):
    """A file that the page's commands read, shown under its name."""

    required_arguments = 1
    option_spec: ClassVar[dict] = {"hidden": directives.flag}

    def run(self) -> list[nodes.Node]:
        name, text = self.arguments[0], "\n".join(self.content)
        self.page().step("file", f"{name}\n{text}")
        if "hidden" in self.options:
            return []
        title = nodes.paragraph("", "", nodes.literal("", name), nodes.Text(":"))
        return [title, self.block(text, "toml" if name.endswith(".toml") else "text", "vrest-file")]


def setup(app):
    app.add_directive("run", Run)
    app.add_directive("python", Python)
    app.add_directive("file", File)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
