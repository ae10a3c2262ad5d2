"""The real registers that come with twinmatch."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from twinmatch.room import bounded
from twinmatch.schools import Schools

__all__ = ["france_eu", "sample"]

_DATA = Path(__file__).parent / "data"


@bounded
def france_eu() -> tuple[Schools, Schools]:
    """
    Return the bundled registers: France, and six partner states.

    Returns
    -------
    fr : Schools
        All 64,541 rows of the French registers, each with its académie.
    eu : Schools
        All 125,930 rows of the registers of IT, DE, RO, ES, NL and SE. There is no capacity
        column: every school has one place.

    Notes
    -----
    Nothing is filled in: sizes, sectors and languages are missing where a register does not
    publish them, and whole states have none. ``docs/data.md`` says where each column comes
    from, what was changed, and whom to attribute.

    Examples
    --------
    >>> from twinmatch import datasets
    >>> fr, eu = datasets.france_eu()
    >>> len(fr), len(eu)
    (64541, 125930)
    """
    return _load("france"), _load("partners")


@bounded
def sample() -> tuple[Schools, Schools]:
    """
    Return a small part of the bundled registers, for tests and for a first look.

    Returns
    -------
    fr : Schools
        200 French schools with a known level, spread over levels and académies.
    eu : Schools
        300 schools of six partner states, spread over levels and regions. Every French school
        has at least one partner with a common level among them.
    """
    return _load("sample_france"), _load("sample_partners")


@cache
def _load(name: str) -> Schools:
    import pyarrow.parquet as pq

    # The build script has checked these files, and a test does so again: no need to at every start.
    # One thread: a pool of which only some threads start, under a limit of memory, never ends.
    table = pq.ParquetFile(_DATA / f"{name}.parquet", pre_buffer=False).read(use_threads=False)
    return Schools._trusted(table, source=f"bundled {name.replace('_', ' ')}")
