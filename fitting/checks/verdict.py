"""May this result be believed? Three parts: the sampling, the fit, and what was identified; and what it rests on."""

import json
from dataclasses import asdict, dataclass
from functools import cached_property

import pandas as pd
import xarray as xr

from ...models.notes import Note, notes_from_json
from ..experiment.experiment import Experiment
from .identification import Identification, identify
from .lack_of_fit import FitCheck, check_fit
from .sampling import SamplingCheck, check_sampling
from .words import Part, reason, say_fit, say_identification, say_nothing_of, say_sampling


@dataclass(frozen=True)
class Verdict:
    """The judgements; `to_dict` is what `verdict.json` holds, `str` is the same in words.

    Attributes
    ----------
    sampling, fit, identification : the three parts.
    cautions : what makes the answer doubtful whatever the posterior says.
    repairs : what was mended in the table when it was read, a line a kind.
    """

    sampling: SamplingCheck
    fit: FitCheck
    identification: Identification
    cautions: tuple[Note, ...] = ()
    repairs: tuple[str, ...] = ()

    def to_dict(self) -> dict:
        """The parts' codes and numbers, with the fit's reason in words."""
        return {
            "sampling": asdict(self.sampling),
            "fit": asdict(self.fit) | {"reason": reason(self.fit)},
            "identification": asdict(self.identification),
            "cautions": [str(note) for note in self.cautions],
            "repairs": list(self.repairs),
        }

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Each part in words."""
        sampling, fit = say_sampling(self.sampling), say_fit(self.fit)
        identification = say_identification(self.identification, law_holds=self.fit.ok)
        if not self.sampling.ok:
            fit, identification = say_nothing_of(fit), say_nothing_of(identification, self.identification.advice)
        return sampling, fit, identification

    def __str__(self):
        lines = [*map(str, self.parts)]
        lines += [f"Caution: {note}" for note in self.cautions]
        return "\n".join(lines)


def judge(tree: xr.DataTree, experiment: Experiment, summary: pd.DataFrame) -> Verdict:
    """The whole verdict on a fit."""
    return Verdict(
        check_sampling(tree, summary, experiment),
        check_fit(tree, experiment),
        identify(tree, experiment, summary),
        notes_from_json(tree.attrs.get("cautions", "[]")),
        tuple(json.loads(tree.attrs.get("repairs", "[]"))),
    )
