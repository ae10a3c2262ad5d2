"""
Pair every French school with a compatible school in another EU state, and prove the pairing.

Names are loaded when they are first used, so that ``import twinmatch`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinmatch import changes, datasets, errors, mechanisms, policies
    from twinmatch.assigning import assign
    from twinmatch.assignment import Assignment
    from twinmatch.certify import Certificate
    from twinmatch.comparing import Comparison, Robustness, compare, pareto, robustness, sweep
    from twinmatch.compiler import compile
    from twinmatch.diagnosing import Diagnosis, diagnose
    from twinmatch.easing import WayOut, ways_out
    from twinmatch.estimating import Estimate, estimate, estimate_assign
    from twinmatch.europe import StateMatchings, match_states
    from twinmatch.explaining import Explanation, Notice
    from twinmatch.intake.limits import ReadLimits
    from twinmatch.limits import GroupQuota
    from twinmatch.matching import Matching
    from twinmatch.pairing import match
    from twinmatch.policy import Policy
    from twinmatch.pricing import RulePrice
    from twinmatch.registers import read_schools
    from twinmatch.saving import load_matching
    from twinmatch.schools import Schools
    from twinmatch.solvers import solve
    from twinmatch.status import Limit, Status
    from twinmatch.versions import show_versions

__version__ = "0.1.0"

__all__ = [
    "Assignment",
    "Certificate",
    "Comparison",
    "Diagnosis",
    "Estimate",
    "Explanation",
    "GroupQuota",
    "Limit",
    "Matching",
    "Notice",
    "Policy",
    "ReadLimits",
    "Robustness",
    "RulePrice",
    "Schools",
    "StateMatchings",
    "Status",
    "WayOut",
    "__version__",
    "assign",
    "changes",
    "compare",
    "compile",
    "datasets",
    "diagnose",
    "errors",
    "estimate",
    "estimate_assign",
    "load_matching",
    "match",
    "match_states",
    "mechanisms",
    "pareto",
    "policies",
    "read_schools",
    "robustness",
    "show_versions",
    "solve",
    "sweep",
    "ways_out",
]

_HOME = {
    "Assignment": "assignment",
    "Certificate": "certify",
    "Comparison": "comparing",
    "Diagnosis": "diagnosing",
    "Estimate": "estimating",
    "Explanation": "explaining",
    "GroupQuota": "limits",
    "Limit": "status",
    "Matching": "matching",
    "Notice": "explaining",
    "Policy": "policy",
    "ReadLimits": "intake.limits",
    "Robustness": "comparing",
    "RulePrice": "pricing",
    "Schools": "schools",
    "StateMatchings": "europe",
    "Status": "status",
    "WayOut": "easing",
    "assign": "assigning",
    "compare": "comparing",
    "compile": "compiler",
    "diagnose": "diagnosing",
    "estimate": "estimating",
    "estimate_assign": "estimating",
    "load_matching": "saving",
    "match": "pairing",
    "match_states": "europe",
    "pareto": "comparing",
    "read_schools": "registers",
    "robustness": "comparing",
    "show_versions": "versions",
    "solve": "solvers",
    "sweep": "comparing",
    "ways_out": "easing",
}
_MODULES = ("changes", "datasets", "errors", "mechanisms", "policies")


def __getattr__(name: str) -> object:
    if name not in _HOME and name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from twinmatch.room import not_loaded, refuse_loading

    refuse_loading(name)
    try:
        module = import_module(f"{__name__}.{_HOME.get(name, name)}")
        return getattr(module, name) if name in _HOME else module
    except (MemoryError, ImportError, OSError) as error:
        why = not_loaded(name, error)
        if why is None:
            raise
    raise why


def __dir__() -> list[str]:
    return __all__
