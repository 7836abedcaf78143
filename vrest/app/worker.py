"""The process beside the server that reads tables and computes; it ends when its input closes.

Each message is a line of JSON: asked `{"do": name, …}`, answered with what the function of that name gives, or
`{"error": sentence, …}` for what a person can mend.
"""

import json
import os
import secrets
import sys
import warnings
from importlib import import_module
from typing import Any

from ..models.errors import VrestError, VrestWarning, spoken

NONCE = secrets.token_hex(4)
"""Marks settings within sentences, for the page to make buttons of; no table can know it."""
DO = {
    "offered": "asking.offered",
    "table": "reading.table",
    "edit": "reading.edit",
    "check": "reading.check",
    "result": "showing.result",
    "explore": "exploring.explore",
    "plan": "planning.plan",
    "explain": "learning.explanation",
}
"""What can be asked, and the function that answers."""


def speak(setting: str, value: Any = "") -> str:
    """How a setting is named in a sentence for the page."""
    value = list(value) if isinstance(value, tuple) else value
    return f"⟦{NONCE}{json.dumps([setting, value])}⟧"


def function_of(what: str) -> Any:
    """The function that answers a question; its module is loaded on first use."""
    module, _, name = DO[what].partition(".")
    return getattr(import_module(f".{module}", __package__), name)


def answer(what: str, folder: str | None = None, **given: Any) -> dict[str, Any]:
    """Do what is asked, in the folder of an analysis; warnings become `said`."""
    os.chdir(folder or "/")
    spoken.set(speak)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", VrestWarning)
        try:
            found = function_of(what)(**given)
        except VrestError as error:
            found = {"error": str(error)}
        except OSError as error:
            found = {"error": f"{error.filename or ''}: {error.strerror or error}.".lstrip(": ")}
    return {"nonce": NONCE, "said": list(dict.fromkeys(str(one.message) for one in caught)), **found}


def main() -> None:
    """Answer until the input closes."""
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    warm = False
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        channel.write(json.dumps(answer(asked.pop("do"), **asked), allow_nan=False).encode() + b"\n")
        channel.flush()
        for what in () if warm else DO:  # once the first page has its answer, while it is read
            function_of(what)
        warm = True


if __name__ == "__main__":
    main()
