"""Changes as plain data: for services, and for the folder of a matching."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from twinmatch.changing import agreements, schools
from twinmatch.changing.change import python_value
from twinmatch.changing.schools import Joining, rows_to_columns
from twinmatch.changing.together import read_together
from twinmatch.errors import Fault, InputError
from twinmatch.nearby import clipped

if TYPE_CHECKING:
    from twinmatch.changing.change import Change
    from twinmatch.schools import Schools

__all__ = ["KINDS", "change_from", "changes_from", "digest_of", "read_each"]

KINDS: dict[str, type[Change]] = {
    one.kind: one
    for one in (
        schools.SchoolLeaves,
        schools.SchoolJoins,
        schools.PartnerLeaves,
        schools.PartnerJoins,
        schools.CapacityChanges,
        agreements.PairLocked,
        agreements.PairRenewed,
        agreements.PairVetoed,
        agreements.PairFreed,
        schools.SectionOpens,
        schools.SectionCloses,
        agreements.AgreementExpires,
    )
}
"""Every change by its kind."""

_DATES = frozenset({"until", "on"})


def changes_from(documents: Iterable[Mapping[str, Any]], *, source: str = "changes") -> tuple[Change, ...]:
    """
    Return the changes that :meth:`Change.to_dict` wrote.

    Parameters
    ----------
    documents : iterable of mapping
        As JSON gives them.
    source : str, optional
        What errors call it.

    Raises
    ------
    InputError
        If anything in it is wrong, with every fault of every change.

    Examples
    --------
    >>> from twinmatch.changes import changes_from
    >>> changes_from([{"kind": "school_leaves", "left_id": "0352443R"}])
    (SchoolLeaves(left_id='0352443R'),)
    """
    found, faults = read_each(documents, source=source)
    if faults:
        raise InputError(source, faults)
    return tuple(change for _, change in found)


def read_each(documents: object, *, source: str) -> tuple[list[tuple[str, Change]], list[Fault]]:
    """
    Return those changes that could be read, each with the place where it stands, and what is wrong.

    Parameters
    ----------
    documents : iterable of mapping
        As JSON gives them.
    source : str
        What errors call it.
    """
    if isinstance(documents, Mapping | str | bytes) or not isinstance(documents, Iterable):
        return [], [Fault(source, f"must be a list of changes, not {type(documents).__name__}")]
    found: list[tuple[str, Change]] = []
    faults: list[Fault] = []
    documents = list(documents)
    together = read_together(documents)
    for position, document in enumerate(documents):
        where = f"{source}[{position}]"
        one = _read(where, document, faults, together.get(position))
        if one is not None:
            found.append((where, one))
    return found, faults


def change_from(document: Mapping[str, Any]) -> Change:
    """
    Return the change that :meth:`Change.to_dict` wrote, of whatever kind it is.

    Parameters
    ----------
    document : mapping
        As JSON gives it.

    Raises
    ------
    InputError
        If it is none, with every fault.
    """
    faults: list[Fault] = []
    found = _read("change", document, faults)
    if found is None:
        raise InputError("change", faults)
    return found


def digest_of(changes: Iterable[Change]) -> str:
    """
    Return the SHA-256 of changes, in hexadecimal.

    Parameters
    ----------
    changes : iterable of Change
        Their order does not matter.

    Returns
    -------
    str
    """
    lines = sorted(json.dumps(one.to_dict(), sort_keys=True, ensure_ascii=False) for one in changes)
    return hashlib.sha256("\n".join(["twinmatch changes 1", *lines]).encode()).hexdigest()


def _read(where: str, document: object, faults: list[Fault], schools: Schools | None = None) -> Change | None:
    """Return one change, with these schools if they were read already; add to the faults what is wrong."""
    if not isinstance(document, Mapping):
        what = f"must be an object with a kind, not {type(document).__name__}"
        faults.append(Fault(where, what))
        return None
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        near = get_close_matches(str(kind)[:100], KINDS, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        what = f"is not a known kind: {clipped(kind)}"
        faults.append(Fault(f"{where}.kind", what, hint=f"{hint}Known are {', '.join(KINDS)}."))
        return None
    known = {field.name: field for field in fields(KINDS[kind])}
    wrong = [
        Fault(f"{where}.{str(key)[:60]}", f"is not a field of {kind}", hint=f"Known are {', '.join(known)}.")
        for key in document
        if key != "kind" and key not in known
    ]
    wrong += [
        Fault(f"{where}.{name}", f"is missing, and {kind} needs it")
        for name, field in known.items()
        if name not in document and field.default is MISSING
    ]
    values = {key: value for key, value in document.items() if key in known}
    for name in _DATES & values.keys():
        values[name] = _day(f"{where}.{name}", values[name], wrong)
    if issubclass(KINDS[kind], Joining) and "schools" in values:
        rows = values["schools"]
        if schools is not None:
            values["schools"] = schools
        elif isinstance(rows, list) and rows and all(isinstance(row, Mapping) for row in rows):
            values["schools"] = rows_to_columns(rows)
        elif not isinstance(rows, Mapping):
            what = "must be a list of schools, each an object of columns"
            wrong.append(Fault(f"{where}.schools", what))
    made = None
    if not wrong:
        try:
            made = KINDS[kind](**values)
        except InputError as error:
            wrong = [fault._replace(where=f"{where}.{fault.where}") for fault in error.faults]
    faults += wrong
    return made


def _day(where: str, value: object, faults: list[Fault]) -> date | None:
    if value is None or isinstance(value, date):
        return python_value(value)  # type: ignore[no-any-return]
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]  # what is no text raises
    except (TypeError, ValueError):
        faults.append(Fault(where, f"must be a date such as 2025-01-01, not {clipped(value)}"))
        return None
