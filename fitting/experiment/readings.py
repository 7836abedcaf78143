"""How settings that are more than a number or a word are read: as they stand in a file, or as they are typed."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...models.errors import ConfigurationError, VrestError, typed
from .inside import Inside, parse_insides
from .settings import in_file

if TYPE_CHECKING:
    from ...models.priors import Prior


def insides_in_file(given: Any) -> dict[str, Inside]:
    if not isinstance(given, Mapping):
        raise ConfigurationError(f'{in_file("inside", given)} is not a table such as {{K = "140+-10", Na = 12}}.')
    try:
        return parse_insides(given)
    except VrestError as error:
        raise type(error)(f"inside: {error}") from None


def insides_typed(given: Any) -> Any:
    return parse_insides(given) if isinstance(given, str) else given


def priors_in_file(given: Any) -> "dict[str, Prior]":
    from ...models.priors import Prior, parse_prior

    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f'{in_file("priors", given)} is not a table such as {{"P_Na/P_K" = "LogNormal(log 0.04, 1.0)"}}.'
        )
    try:
        return {name: prior if isinstance(prior, Prior) else parse_prior(prior) for name, prior in given.items()}
    except ConfigurationError as error:
        raise ConfigurationError(f"priors: {error}") from None


def law_named(given: Any) -> Any:
    if isinstance(given, str):
        return given
    from ...models.laws.registry import register  # on first use: the help needs no law

    return register(given).name


def _pairs(cut: Callable[[str], tuple[str, str, str]], form: str, setting: str, example: dict[str, str]) -> Any:
    """What reads `NAME=VALUE`, given once or more, as a mapping; `cut` is at the first sign or at the last."""

    def read(given: Any) -> Any:
        texts = [given] if isinstance(given, str) else given
        if not (isinstance(texts, list | tuple) and all(isinstance(text, str) for text in texts)):
            return given
        pairs = [cut(text) for text in texts]
        for text, (name, equals, value) in zip(texts, pairs, strict=True):
            if not (equals and name.strip() and value.strip()):
                raise ConfigurationError(f"{text!r} is not {form}, as in {typed(setting, example)}.")
        return {name.strip(): value.strip() for name, _, value in pairs}

    return read


def levels_typed(given: Any) -> Any:
    if isinstance(given, str):
        given = given.split(",")
    names = (
        [one.strip() for text in given for one in str(text).split(",")] if isinstance(given, list | tuple) else given
    )
    return [] if names == ["none"] else names


columns_typed = _pairs(lambda text: text.partition("="), "NAME=COLUMN", "columns", {"V_m_mV": "RMP (mV)"})
texts_typed = _pairs(lambda text: text.rpartition("="), "TEXT=VALUE", "texts", {"RT": "22"})
