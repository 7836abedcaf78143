"""What `vrest COMMAND` does, one file a command: `arguments(parser)` declares what can be typed, `run(options)` does it.

A new command is a file of its name (Python's own words with an underscore after them) and a line here.
"""

from importlib import import_module
from keyword import iskeyword
from types import ModuleType

COMMANDS = {
    "fit": "infer a law's parameters from a table of resting potentials",
    "check": "check a table, and foresee what it can tell, without sampling",
    "tidy": "write the table that vrest understood, in its own columns and units",
    "compare": "compare laws (--laws) or groups of cells (--by)",
    "predict": "V_m with uncertainty in baths that were not measured",
    "report": "make the report of a saved fit again",
    "design": "what a plan (a table without V_m_mV) would pin down, and which rows would help most",
    "simulate": "recordings of a plan (a table without V_m_mV) with a known truth",
    "recover": "simulate a plan and fit it, many times: coverage, bias, calibration",
    "import": "resting potentials out of ABF, NWB and other recordings",
    "solutions": "recipes as weighed: ions, osmolarity, junction potentials",
    "app": "all of it in a browser, on this machine alone",
    "explain": "take one resting potential apart: ions, pump, cooling, run-down",
    "laws": "the membrane laws there are",
    "priors": "a law's parameters with their priors, and where those come from",
    "datasets": "the data sets that come with vrest",
    "info": "versions and platform, for reports of faults",
}
"""Every command with its line in the help."""


def module_of(command: str) -> ModuleType:
    """The file of a command."""
    return import_module(f".{command}{'_' if iskeyword(command) else ''}", __name__)
