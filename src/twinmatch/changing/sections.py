"""The column ``languages`` after sections opened and closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinmatch.changing.schools import SectionOpens
from twinmatch.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twinmatch.changing.schools import Section

__all__ = ["rewritten"]

_NONE = ("0", "0.0")


def rewritten(cell: str | None, sections: Iterable[Section]) -> tuple[str, list[Fault]]:
    """
    Return what a school lists after some sections opened and closed.

    Parameters
    ----------
    cell : str or None
        ``code`` or ``code:pupils`` with ``;`` between; a language without pupils is not taught.
    sections : iterable of Section
        Of this school, each language once.

    Returns
    -------
    cell : str
    faults : list of Fault
        Sections that open where there is one, and that close where there is none.
    """
    taught: dict[str, str] = {}
    for item in (cell or "").split(";"):
        word, _, pupils = item.strip().partition(":")
        if word.strip():
            taught[word.strip().lower()] = pupils.strip()
    open_ = [word for word, pupils in taught.items() if pupils not in _NONE]
    faults = []
    for one in sections:
        word = one.language.lower()
        if isinstance(one, SectionOpens):
            if word in open_:
                faults.append(Fault(one.label, f"{one.school_id!r} teaches {word!r} already"))
            taught.pop(word, None)
            taught[word] = ""
        elif word not in open_:
            lists = f"It lists {', '.join(open_)}." if open_ else "It lists no languages."
            faults.append(Fault(one.label, f"{one.school_id!r} does not list {word!r}", hint=lists))
        else:
            del taught[word]
            if not taught:
                taught[word] = "0"  # it teaches none, and says so
    return ";".join(f"{word}:{pupils}" if pupils else word for word, pupils in taught.items()), faults
