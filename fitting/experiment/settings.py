"""How a setting is declared: once, for file, keyword, flag, help, validation and the saved configuration.

A setting is a field of a frozen dataclass, made by `setting`: its annotation is its type, its default the field's, and
`Setting` holds the rest.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from ...models.errors import ConfigurationError, nearest, shown

TABLE, MODEL, SAMPLING, ONE_FIT = "table", "model", "sampling", "one fit"
"""Groups of flags: for commands that read a table, that build a model, that sample, and that give one fit all processors and
ask what it rests on."""


@dataclass(frozen=True)
class Setting:
    """What is known of a setting beside its name, type and default.

    Attributes
    ----------
    meaning : what it says, for help texts and docstrings.
    flag : as typed on the command line; without, files and keywords alone have it. group : which commands take the flag.
    off_flag : a flag that says `off` for short.
    short : the flag in one letter.
    metavar : what follows the flag, in a word. repeats : whether the flag is given once for each value.
    low, high : ends of a number's range, both allowed.
    example : a value, as a file has it.
    reads : from what a file or keyword holds to the setting's own type, where the annotation does not say it.
    types : from what is typed after the flag, or given to a keyword for short, to what a file would hold.
    saved : whether it belongs to the analysis; what does not is left out of the saved configuration.
    merges : whether a mapping laid over another adds to it.
    keyword : whether Python's verbs take it; how a file is read they do not ask.
    path : whether it names a file, relative to the configuration's own folder.
    """

    meaning: str
    flag: str = ""
    short: str = ""
    metavar: str = ""
    group: str = MODEL
    off_flag: str = ""
    repeats: bool = False
    low: float | None = None
    high: float | None = None
    example: str = ""
    reads: Callable[[Any], Any] | None = None
    types: Callable[[Any], Any] | None = None
    saved: bool = True
    merges: bool = False
    keyword: bool = True
    path: bool = False


def setting(default: Any, meaning: str, typed: str = "", **more: Any) -> Any:
    """A dataclass field that is a setting, `typed` as a flag and what follows it; a callable `default` is called each time."""
    flag, _, metavar = typed.partition(" ")
    declared = Setting(meaning, flag, metavar=metavar, **more)
    given: Any = {"default_factory": default} if callable(default) else {"default": default}
    return field(**given, metadata={"setting": declared}, compare=declared.saved)


def declaration(f: Field) -> Setting:
    """What was declared of a field."""
    return f.metadata["setting"]


@cache
def settings(of: Any) -> dict[str, Field]:
    """The settings of a dataclass, by name."""
    return {f.name: f for f in fields(of)}


def kind(f: Field) -> Any:
    """A setting's type, without None."""
    given = [one for one in get_args(f.type) if one is not NoneType]
    return given[0] if NoneType in get_args(f.type) else f.type


def words(f: Field) -> tuple[str, ...]:
    """The words that a setting is chosen from; none where it is not."""
    of = kind(f)
    if get_origin(of) is tuple:
        of = get_args(of)[0]
    return get_args(of) if get_origin(of) is Literal else ()


def default_of(f: Field) -> str:
    """A setting's default for help texts, where its meaning does not say it: ` (default: 1000)`."""
    silent = f.default in (None, "", (), False, MISSING) or "(default" in declaration(f).meaning
    return "" if silent else f" (default: {f.default})"


def listing(of: Iterable[Field], indent: str = "") -> str:
    """Settings and their meanings, a line each, as docstrings have them."""
    return "\n".join(f"{indent}{f.name} : {declaration(f).meaning}{default_of(f)}." for f in of)


def documented[Class: type](of: Class) -> Class:
    """Let the docstring of a dataclass of settings say what each is."""
    of.__doc__ = f"{of.__doc__}\n\nAttributes\n----------\n{listing(fields(of))}"
    return of


def form(f: Field, value: Any = None) -> str:
    """What a setting has to be, in words; of a number's range the end that `value` is beyond."""
    of, s = kind(f), declaration(f)
    if get_origin(of) is Literal:
        return f"one of {', '.join(words(f))}"
    if of in (int, float):
        number = "a whole number" if of is int else "a number"
        high = s.high is not None and isinstance(value, int | float) and value > s.high
        end = f" of at most {s.high}" if high else f" of at least {s.low}" if s.low is not None else ""
        return number + end + (f", such as {s.example}" if s.example else "")
    if of in (bool, str):
        return "true or false" if of is bool else "text in quotes"
    if words(f):
        return f"a list of some of {', '.join(words(f))}"
    return f"a {'list' if get_origin(of) is tuple else 'table'} such as {s.example}"


def read(f: Field, value: Any, said: Callable[[str, Any], str] | None = None) -> Any:
    """A setting's value from what a file, keyword or flag gives.

    Parameters
    ----------
    said : how a name and its value were written, for messages; default as a file has it.
    """
    of, s, said = kind(f), declaration(f), said or in_file
    value = _plain(value)
    if s.reads is not None:
        return s.reads(value)
    if get_origin(of) is tuple:
        return tuple(dict.fromkeys(_checked(value, f, of, said(f.name, value))))
    if get_origin(of) is not Mapping:
        return _checked(value, f, of, said(f.name, value))
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{said(f.name, value)} is not {form(f)}.")
    item = get_args(of)[1]
    return {key: _checked(one, f, item, said(f"{f.name}.{key}", one)) for key, one in value.items()}


def read_all(instance: Any, prefix: str = "") -> None:
    """Read every field of a frozen dataclass of settings that is not at its default, and put what was read in place."""
    for f in settings(instance.__class__).values():
        value = getattr(instance, f.name)
        if value is not f.default:
            read_value = read(f, value, lambda name, of: in_file(prefix + name, of))
            object.__setattr__(instance, f.name, read_value)


def spelled_out(f: Field, given: Any) -> Any:
    """What a file would hold, from what is typed after a flag or given to a keyword for short."""
    if (types := declaration(f).types) is not None:
        return types(given)
    given = _plain(given)
    if get_origin(kind(f)) is not tuple or not isinstance(given, str | list):
        return given
    whole = [
        one.split(",") if isinstance(one, str) else [one] for one in ([given] if isinstance(given, str) else given)
    ]
    return [one.strip() if isinstance(one, str) else one for some in whole for one in some if one != ""]


def table_read(of: Any, name: str, example: str) -> Callable[[Any], Any]:
    """What reads a table of the configuration, `name`, as a dataclass of settings."""

    def reads(given: Any) -> Any:
        if isinstance(given, of):
            return given
        if not isinstance(given, Mapping):
            raise ConfigurationError(f"{in_file(name, given)} is not a table such as [{name}] with {example}.")
        refuse_unknown(given, settings(of), f"{name}.")
        return of(**given)

    return reads


def refuse_unknown(given: Iterable[str], known: Iterable[str], prefix: str = "", nested: Iterable[str] = ()) -> None:
    """Raise ConfigurationError, with the nearest known name, where a name is no setting; `nested` ones are sampling's."""
    for name in given:
        if name not in known:
            near = " It stands under [sampling]." if name in nested else nearest(name, [*known, *nested])
            raise ConfigurationError(f"unknown setting {prefix}{name[:80]}.{near} Known: {', '.join(known)}.")


def written(value: Any) -> Any:
    """A setting's value as a file holds it."""
    if isinstance(value, Mapping):
        return {name: written(one) for name, one in value.items()}
    if isinstance(value, tuple):
        return [written(one) for one in value]
    if dataclasses.is_dataclass(value) and "setting" in fields(value)[0].metadata:
        return table_of(value)
    return value if isinstance(value, str | int | float) else str(value)


def table_of(instance: Any) -> dict[str, Any]:
    """A dataclass of settings as a file holds it: all that belongs to the analysis and was given or has a default."""
    found = {}
    for f in settings(instance.__class__).values():
        value = getattr(instance, f.name)
        empty = value in (None, (), {}, "") and not (value == () and f.default is None)  # vary = [] says something
        if declaration(f).saved and not empty and (held := written(value)) != {}:
            found[f.name] = held
    return found


def in_file(name: str, value: Any) -> str:
    """A setting and its value as a file has them."""
    return f"{name} = {shown(value)}"


def _checked(value: Any, f: Field, of: Any, said: str) -> Any:
    import msgspec  # on first use: the help needs declarations alone

    s = declaration(f)
    if of is float:
        low = -sys.float_info.max if s.low is None else s.low
        of = Annotated[float, msgspec.Meta(ge=low, le=s.high or sys.float_info.max)]  # neither nan nor inf
    elif of is int:
        of = Annotated[int, msgspec.Meta(ge=s.low, le=s.high)]
    try:
        value = msgspec.convert(value, of)
    except (msgspec.ValidationError, OverflowError):
        item = get_args(kind(f))[1] if get_origin(kind(f)) is Mapping else None
        wrong = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
        near = "".join(nearest(one, words(f)) for one in wrong if words(f) and one not in words(f))
        raise ConfigurationError(f"{said} is not {_ITEM[item] if item in _ITEM else form(f, value)}.{near}") from None
    texts = [one for one in (value if isinstance(value, tuple) else [value]) if isinstance(one, str)]
    if any(not text.strip() for text in texts) and f.default != "":
        raise ConfigurationError(f"{said} is empty; leave it out, or say what it is.")
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for text in texts for c in text):
        raise ConfigurationError(f"{said} holds what is no character.")
    return value


_ITEM = {float: "a number", str: "text in quotes"}


def _plain(value: Any) -> Any:
    """What NumPy and pandas hold, as Python's own numbers and lists."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return value.tolist() if hasattr(value, "tolist") else value
