"""The run of one state: kept from an earlier call, or paired; checked, saved, written as a page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from twinmatch.europe.rows import row_of, unreached
from twinmatch.europe.standing import Question, standing
from twinmatch.pairing import match
from twinmatch.solvers.control import Progress, named
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from twinmatch.certify import Certificate
    from twinmatch.europe.asking import Asked
    from twinmatch.europe.rows import Row
    from twinmatch.matching import Matching

    Int64 = npt.NDArray[np.int64]

__all__ = ["PAGE", "Outcome", "run_state"]

#: The page of a state, in its folder.
PAGE = "report.html"


class Outcome(NamedTuple):
    """A state's row; its matching, where there is one; its pairs, as rows of all schools, where believed."""

    row: Row
    matching: Matching | None = None
    left: Int64 | None = None
    right: Int64 | None = None


def run_state(asked: Asked, state: str, called: str, deadline: float | None) -> Outcome:
    """
    Pair the schools of a state with those of all others.

    Parameters
    ----------
    asked : Asked
    state : str
    called : str
        What its progress begins with.
    deadline : float or None
        Seconds that are left to pair.
    """
    begun = time.monotonic()
    home, abroad = asked.registers.cut(state)
    if _cancelled(asked):
        return Outcome(unreached(state, len(home), len(abroad), Limit.CANCELLED))
    schools = asked.registers.schools
    question = Question(
        schools.take(home),
        schools.take(abroad),
        asked.policy,
        asked.capacity[abroad],
        asked.mechanism,
        asked.gap,
        asked.seed,
    )
    folder = None if asked.directory is None else asked.directory / state
    tell = _teller(asked, called)
    notes: list[str] = []
    kept = None if folder is None else _kept(asked, folder, question, notes, tell)
    if kept is None and (_cancelled(asked) or (deadline is not None and deadline <= 0)):
        limit = Limit.CANCELLED if _cancelled(asked) else Limit.DEADLINE
        return Outcome(unreached(state, len(home), len(abroad), limit))
    matching, certificate = kept or _paired(asked, question, called, deadline, tell)
    row = row_of(state, matching, certificate, kept=kept is not None)
    row["notes"] += notes
    if folder is not None and certificate is not None:
        if kept is None:
            tell("save", matching)
            matching.save(folder)
        row["folder"] = state
        row["page"] = _page(asked, state, folder, matching, tell)
    row["seconds"] = round(time.monotonic() - begun, 3)
    if certificate is None:
        return Outcome(row)
    if not certificate.ok:
        return Outcome(row, matching)
    # All schools were sorted before they were cut, so the rows of a matching are those of its cut.
    i, j = matching._taken()
    return Outcome(row, matching, home[i], abroad[j])


def _kept(
    asked: Asked,
    folder: Path,
    question: Question,
    notes: list[str],
    tell: Callable[[str, Matching], None],
) -> tuple[Matching, Certificate] | None:
    """Return what an earlier call found, where it answers the question and passes the check."""
    found = standing(folder, question, notes)
    if found is None:
        return None
    tell("check", found)
    certificate = found.verify(threads=asked.threads, cancel=asked.cancel)
    if certificate.ok:
        return found, certificate
    if not certificate.was_cancelled:
        refused = ", ".join(claim.name for claim in certificate.claims if not claim.ok)
        notes.append(f"what was saved before was refused ({refused}), and was paired again")
    return None


def _paired(
    asked: Asked,
    question: Question,
    called: str,
    deadline: float | None,
    tell: Callable[[str, Matching], None],
) -> tuple[Matching, Certificate | None]:
    """Return a new matching and its certificate; none where nothing was found."""
    matching = match(
        question.left,
        question.right,
        asked.policy,
        right_capacity=question.capacity,
        deadline=deadline,
        gap=asked.gap,
        threads=asked.threads,
        on_progress=named(asked.on_progress, called),
        cancel=asked.cancel,
        seed=asked.seed,
        mechanism=asked.mechanism,
    )
    if matching.status is Status.NO_SOLUTION:
        return matching, None
    tell("check", matching)
    return matching, matching.verify(threads=asked.threads)


def _cancelled(asked: Asked) -> bool:
    return asked.cancel is not None and asked.cancel.is_set()


def _page(
    asked: Asked, state: str, folder: Path, matching: Matching, tell: Callable[[str, Matching], None]
) -> str | None:
    """Write the page of a state, if pages are asked for; one of another matching does not stay."""
    path, name = folder / PAGE, f"{state}/{PAGE}"
    if _is_page_of(path, matching, asked.pages):
        return name
    if asked.pages is None or matching.limit is Limit.CANCELLED:
        path.unlink(missing_ok=True)
        return None
    tell("page", matching)
    matching.report(path, lang=asked.pages)
    return name


def _is_page_of(path: Path, matching: Matching, lang: str | None) -> bool:
    """Return whether a page is there that names the seal of a matching; None stands for any language."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, IsADirectoryError):
        return False
    return matching.seal in text and (lang is None or f'<html lang="{lang}">' in text[:100])


def _teller(asked: Asked, called: str) -> Callable[[str, Matching], None]:
    """Return what tells of phases that have no progress of their own."""
    hear = named(asked.on_progress, called)

    def tell(phase: str, matching: Matching) -> None:
        if hear is not None:
            found = matching.status in (Status.OPTIMAL, Status.FEASIBLE)
            hear(Progress(phase, matched=matching.coverage if found else 0))

    return tell
