"""May this result be believed? Four parts: the sampling, the fit, what was identified, and what the answers rest on."""

import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd
import xarray as xr

from ...models.notes import Note, notes_from_json
from ..experiment.experiment import Experiment
from .cures import Cure
from .identification import Identification, identify
from .lack_of_fit import FitCheck, check_fit
from .odd_cells import Odd, odd_cells
from .robustness import Robustness, from_dataset
from .sampling import SamplingCheck, check_sampling
from .words import (
    UNTOLD,
    Part,
    reason,
    say_fit,
    say_identification,
    say_nothing_of,
    say_robustness,
    say_sampling,
    with_cures,
    with_odd_cells,
)


@dataclass(frozen=True)
class Verdict:
    """The judgements; `to_dict` is what `verdict.json` holds, `str` is the same in words.

    Attributes
    ----------
    sampling, fit, identification, robustness : the four parts; the last is None where nobody asked, or sampling failed.
    cautions : what makes the answer doubtful whatever the posterior says.
    cures : what was tried after a misfit or a failed sampling, and what each gains, best first.
    repairs : what was mended in the table when it was read, a line a kind.
    odd : cells, and animals, far from their type; none where the sampling failed.
    """

    sampling: SamplingCheck
    fit: FitCheck
    identification: Identification
    cautions: tuple[Note, ...] = ()
    repairs: tuple[str, ...] = ()
    cures: tuple[Cure, ...] = ()
    robustness: Robustness | None = None
    odd: tuple[Odd, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The parts' codes and numbers, with the fit's reason in words; `ok` is None of what the sampling left unjudged."""
        r, judged = self.robustness, self.sampling.ok
        robustness = r and {
            "ok": r.ok,
            "rests_on": [list(one) for one in r.rests_on],
            "conflicts": [asdict(one) for one in r.conflicts],
            "power_scaling": [list(one) for one in r.sensitivities],
            "not_run": list(r.not_run),
        }
        return {
            "sampling": asdict(self.sampling),
            "fit": asdict(self.fit) | ({"reason": reason(self.fit)} if judged else {"ok": None, "reason": UNTOLD}),
            "identification": asdict(self.identification) | ({} if judged else {"ok": None}),
            "robustness": robustness,
            "odd_cells": [asdict(odd) for odd in self.odd],
            "cures": [asdict(cure) for cure in self.cures],
            "cautions": [str(note) for note in self.cautions],
            "repairs": list(self.repairs),
        }

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Each part in words."""
        sampling, left_out = say_sampling(self.sampling), bool(self.robustness and self.robustness.left_out)
        fit = with_odd_cells(say_fit(self.fit, left_out), self.odd)
        identification = say_identification(self.identification, law_holds=self.fit.ok, robustness=self.robustness)
        if self.cures:
            sampling, fit = (with_cures(part, self.cures) for part in (sampling, fit))
        if not self.sampling.ok:
            fit, identification = say_nothing_of(fit), say_nothing_of(identification, self.identification.advice)
        rest = (say_robustness(self.robustness),) if self.robustness else ()
        return sampling, fit, identification, *rest

    def __str__(self) -> str:
        return "\n".join([*map(str, self.parts), *(f"Caution: {note}" for note in self.cautions)])


def judge(tree: xr.DataTree, experiment: Experiment, summary: pd.DataFrame) -> Verdict:
    """The whole verdict on a fit."""
    robustness = from_dataset(tree["robustness"].to_dataset()) if "robustness" in tree else None
    identification = identify(tree, experiment, summary)
    if robustness:  # data that contradict a prior inform, whatever the contraction; `ok` stays: a conflict is no answer
        contradicted = {conflict.parameter for conflict in robustness.conflicts}
        uninformed = tuple(name for name in identification.uninformed if name not in contradicted)
        identification = replace(identification, uninformed=uninformed)
    sampling = check_sampling(tree, summary, experiment)
    return Verdict(
        sampling,
        check_fit(tree["posterior"].to_dataset(), experiment),
        identification,
        notes_from_json(tree.attrs.get("cautions", "[]")),
        tuple(json.loads(tree.attrs.get("repairs", "[]"))),
        tuple(Cure(**one) for one in json.loads(tree.attrs.get("cures", "[]"))),
        robustness,
        odd_cells(tree["posterior"].to_dataset(), experiment) if sampling.ok else (),
    )
