"""What is said beside the results: decisions taken on the user's behalf, and cautions; each says what it is about."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class About(StrEnum):
    """What a note is about."""

    ROWS = "rows"
    INSIDE = "inside"
    REFERENCE = "reference"
    TEMPERATURE = "temperature"
    BATH = "bath"
    RESISTANCE = "resistance"
    OPTION = "option"
    SAMPLING = "sampling"
    LAW = "law"
    TABLE = "table"


@dataclass(frozen=True)
class Note:
    """A sentence, what it is `about`, and a `hint` on how to change what it says, which a paper leaves out."""

    about: About
    text: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.text[:-1]} ({self.hint})." if self.hint else self.text


def notes_as_json(notes: Iterable[Note]) -> str:
    """Notes as the text that a tree's attributes hold."""
    return json.dumps([[note.about, note.text, note.hint] for note in notes], ensure_ascii=False)


def notes_from_json(text: str) -> tuple[Note, ...]:
    """The inverse of `notes_as_json`."""
    return tuple(Note(About(about), sentence, hint) for about, sentence, hint in json.loads(text))


def number_of(n: int, what: str) -> str:
    """A number of things: `1 row`, `2 rows`."""
    return f"{n} {what}{'s' * (n != 1)}"
