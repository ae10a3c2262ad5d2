"""The public surface: what it is, what it costs to import, what its errors carry."""

from __future__ import annotations

import inspect
import json
import pickle
import statistics
import subprocess
import sys

import pytest

import twinmatch as tm
from scripts.stubs import MODULES, PACKAGE, stub
from twinmatch import errors

HEAVY = ("ortools", "networkx", "pyarrow", "pandas", "polars", "narwhals", "matplotlib", "rich")

IMPORT = """
import json, sys, time
import numpy, scipy.sparse
started = time.perf_counter()
import twinmatch
print(json.dumps([time.perf_counter() - started, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


def fresh_import() -> tuple[float, set[str]]:
    """Import twinmatch in a new process; return the seconds it added and the packages it left loaded."""
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    seconds, loaded = json.loads(done.stdout)
    return seconds, set(loaded)


def test_import_is_light():
    """Importing twinmatch loads nothing that a program may never use."""
    _, loaded = fresh_import()
    assert not loaded & set(HEAVY)


def test_import_is_quick():
    """Importing twinmatch adds at most a quarter of a second to numpy and scipy.sparse."""
    assert statistics.median(fresh_import()[0] for _ in range(5)) <= 0.25


def test_all_is_the_whole_surface():
    """``__all__``, ``dir()`` and what can be reached are the same names."""
    assert sorted(dir(tm)) == sorted(tm.__all__)
    assert len(set(tm.__all__)) == len(tm.__all__)
    for name in tm.__all__:
        assert getattr(tm, name) is not None, name
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = tm.no_such_name


def test_star_import_gives_the_surface():
    """``from twinmatch import *`` works and brings exactly ``__all__``."""
    namespace: dict[str, object] = {}
    exec("from twinmatch import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(tm.__all__)


def test_names_keep_their_meaning_once_everything_is_loaded():
    """No submodule takes the place of a public function of the same name."""
    code = (
        "import twinmatch as tm, inspect, twinmatch.cli;"
        "before = {n: getattr(tm, n) for n in tm.__all__};"
        "tm.match(*tm.datasets.sample(), tm.policies.systematic_twinning()).verify();"
        "assert all(getattr(tm, n) is v for n, v in before.items())"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", sorted(tm.__all__))
def test_public_names_are_documented(name):
    """Every public name has a docstring of its own."""
    thing = getattr(tm, name)
    if not isinstance(thing, str):
        assert inspect.getdoc(thing), name


# -- Errors -------------------------------------------------------------------------------------------------

FAULTS = (
    errors.Fault("id", "must be unique", count=4, rows=(3, 9, 12), hint="Drop the repeated rows."),
    errors.Fault("lat", "out of range"),
)
EXAMPLES = {
    "CertificateError": errors.CertificateError(("places: partner 12 has two schools and one place",)),
    "FormatError": errors.FormatError("annuaire.csv", FAULTS),
    "InputError": errors.InputError("left", FAULTS),
    "ExecutorError": errors.ExecutorError("a worker failed: ValueError: no", "ValueError"),
    "MissingExtraError": errors.MissingExtraError("drawing", "report"),
    "NoSolutionError": errors.NoSolutionError("the run ended before anything was found"),
    "PointsError": errors.PointsError("points", FAULTS),
    "PointsRangeError": errors.PointsRangeError("points", FAULTS),
    "PolicyError": errors.PolicyError("policy", FAULTS),
    "ResourceLimitError": errors.ResourceLimitError("1.0e10 pairs"),
    "TableError": errors.TableError("left", FAULTS),
    "TwinMatchError": errors.TwinMatchError("something"),
}
PARENTS = {
    "InputError": ValueError,
    "TableError": ValueError,
    "FormatError": ValueError,
    "PolicyError": ValueError,
    "PointsError": ValueError,
    "PointsRangeError": OverflowError,
    "NoSolutionError": LookupError,
    "CertificateError": RuntimeError,
    "ResourceLimitError": MemoryError,
    "ExecutorError": RuntimeError,
    "MissingExtraError": ImportError,
}


def test_every_error_has_an_example_here():
    """The tests below leave no error out."""
    classes = {name for name in errors.__all__ if isinstance(getattr(errors, name), type)} - {"Fault"}
    assert set(EXAMPLES) == classes


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_errors_arrive_whole_from_another_process(name):
    """An error that was pickled says the same and carries the same."""
    error = EXAMPLES[name]
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_errors_say_something(name):
    """The text of an error holds what it was given, and no memory address."""
    text = str(EXAMPLES[name])
    assert text
    assert "object at 0x" not in text
    if hasattr(EXAMPLES[name], "faults"):
        assert "2 faults" in text
        assert "id: must be unique (4 rows, first: 3, 9, 12). Drop the repeated rows." in text
        assert "lat: out of range" in text


@pytest.mark.parametrize("name", sorted(PARENTS))
def test_errors_can_be_caught_as_what_they_are(name):
    """Every error is also the built-in error that people already catch."""
    assert issubclass(getattr(errors, name), PARENTS[name])
    assert issubclass(getattr(errors, name), errors.TwinMatchError)


# -- Stubs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODULES)
def test_stubs_are_those_of_the_compiled_modules(name):
    """The committed stubs say what the compiled modules are; ``make stubs`` writes them."""
    committed = (PACKAGE / f"{name}.pyi").read_text(encoding="utf-8")
    assert committed == stub(name), "run: make stubs"
