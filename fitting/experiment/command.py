"""The command that an analysis was asked by, with what it was asked beside the settings: what repeats it needs both."""

import warnings
from dataclasses import dataclass
from typing import Any

from ...models.errors import ConfigurationError, FileWarning, typed
from .settings import documented, read_all, setting, table_of


@documented
@dataclass(frozen=True)
class Command:
    """A command and its own arguments, as they were typed."""

    name: str = setting("", "the command", example='"fit"')
    each: str | None = setting(None, "fit every cell (or other label) by itself: --each cell", "--each COLUMN")
    laws: str | None = setting(
        None, "laws to compare by what they predict, as in ghk,ghk-pump,mullins-noda", "--laws LIST"
    )
    add: str | None = setting(
        None, "rows to choose from, a plan too (default: variations of the commonest bath)", "--add TABLE", path=True
    )
    goal: str | None = setting(None, "the parameter to rank by, as in pump_mV (default: all asked)", "--goal NAME")
    recordings: int | None = setting(
        None, "recordings of each candidate (default: 1)", "--recordings N", low=1, high=10_000
    )
    choose: int | None = setting(
        None, "choose the next K rows, each given those before it (default: 0)", "--choose K", short="-k", low=0, high=1000
    )  # fmt: skip
    n: int | None = setting(None, "simulations (default: 200)", "--n N", low=20, high=100_000)
    truth: str | None = setting(
        None, 'TOML lines such as "P_Na/P_K" = 0.03, of the truth (default: the priors)', "--truth FILE", path=True
    )

    def __post_init__(self) -> None:
        read_all(self, "command.")
        if self.asked and not self.name:
            raise ConfigurationError('[command] does not say which, as in name = "fit".')

    @property
    def asked(self) -> dict[str, Any]:
        """What was asked beside the settings, by name."""
        return {name: value for name, value in table_of(self).items() if name != "name"}

    def repeated_by(self, name: str, source: str) -> "Command":
        """What the command `name` repeats: all of its own, of another's nothing; `source` then says whose it is."""
        if self.name in (name, ""):
            return Command(name, **self.asked)
        own = " ".join(typed(*one) for one in self.asked.items())
        without = f", and not {own}" if own else ""
        sentence = f"{source} was written by vrest {' '.join(filter(None, (self.name, own)))}: its settings are taken{without}."
        warnings.warn(sentence, FileWarning, stacklevel=4)
        return Command(name)
