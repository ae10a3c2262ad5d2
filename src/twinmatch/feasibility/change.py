"""One thing that changes in a policy, as a value, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from twinmatch.policy.bounds import percent
from twinmatch.saying import listed, number, said

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Change", "Rank", "rank", "sentence"]

#: Singular and plural are apart by a bar: of what the change is by.
_PHRASES: Final = {
    "en": {
        "floor": "lower the floor of {what} from {before} to {after}",
        "cap": "raise the cap of {what} from {before} to {after}",
        "floors": "lower the floor of {what} from {before} to {after}, for every group",
        "caps": "raise the cap of {what} from {before} to {after}, for every group",
        "within": "let {what} fall behind by {after} instead of {before}, for every group",
        "least": "ask {n} partner less of the schools of {what} ({some})"
        "|ask {n} partners less of the schools of {what} ({some})",
        "lock": "drop {n} locked pair of {what} ({some})|drop {n} locked pairs of {what} ({some})",
        "rule": "leave out the rule {what}, which opens {n} pair"
        "|leave out the rule {what}, which opens {n} pairs",
        "rule for": "leave out the rule {what}, which opens {n} pair for the {schools} concerned"
        "|leave out the rule {what}, which opens {n} pairs for the {schools} concerned",
        "wish": "leave out {what}",
        "with": "{a} with {b}",
        "schools": "{n} school|{n} schools",
        "quoted": "“{n}”",
        "and": " and ",
    },
    "fr": {
        "floor": "abaisser le plancher de {what} de {before} à {after}",
        "cap": "relever le plafond de {what} de {before} à {after}",
        "floors": "abaisser le plancher de {what} de {before} à {after}, pour chaque groupe",
        "caps": "relever le plafond de {what} de {before} à {after}, pour chaque groupe",
        "within": "laisser {what} un retard de {after} au lieu de {before}, pour chaque groupe",
        "least": "demander {n} partenaire de moins aux établissements de {what} ({some})"
        "|demander {n} partenaires de moins aux établissements de {what} ({some})",
        "lock": "lever {n} paire imposée de {what} ({some})|lever {n} paires imposées de {what} ({some})",
        "rule": "ôter la règle {what}, ce qui ouvre {n} paire|ôter la règle {what}, ce qui ouvre {n} paires",
        "rule for": "ôter la règle {what}, ce qui ouvre {n} paire pour {schools} en cause"
        "|ôter la règle {what}, ce qui ouvre {n} paires pour {schools} en cause",
        "wish": "ôter {what}",
        "with": "{a} avec {b}",
        "schools": "l'établissement|les {n} établissements",
        "quoted": "«\N{NO-BREAK SPACE}{n}\N{NO-BREAK SPACE}»",
        "and": " et ",
    },
}

_said = partial(said, _PHRASES)


@dataclass(frozen=True)
class Change:
    """
    One thing that changes.

    Parameters
    ----------
    kind : str
        ``"floor"`` or ``"cap"`` of one quota, ``"floors"``, ``"caps"`` or ``"within"`` of all groups of one,
        ``"least"`` partners of schools, ``"lock"``, ``"rule"``, or ``"wish"`` for a balance that is left out.
    what : str
        The quota, the group of a quota, or the rule.
    by : int
        Units: pairs, schools with a partner, partners, locks; pairs that a rule opens.
    before, after : int, float or None
        The bound, where there is one.
    schools : tuple of str
        Ids of the schools concerned; a lock names the left school and the right one, in turns.
    """

    kind: str
    what: str
    by: int
    before: float | None = None
    after: float | None = None
    schools: tuple[str, ...] = ()

    def explain(self, lang: str = "en") -> str:
        """Say it, without a capital or a full stop."""
        what = _said(lang, "quoted", n=self.what)
        some = ", ".join(self.schools[:4]) + (", ..." if len(self.schools) > 4 else "")
        if self.kind == "lock":
            some = _said(lang, "with", a=self.schools[0], b=self.schools[1])
            some += ", ..." if len(self.schools) > 2 else ""
        kind = "rule for" if self.kind == "rule" and self.schools else self.kind
        schools = _said(lang, "schools", len(self.schools))
        before, after = (_bound(value, lang) for value in (self.before, self.after))
        return said(
            _PHRASES, lang, kind, self.by, what=what, some=some, schools=schools, before=before, after=after
        )


Rank: TypeAlias = tuple[bool, int, int, str]


def rank(changes: Sequence[Change]) -> Rank:
    """Return what changes are sorted by. Rules stand last: what they open is not what they cost."""
    what = ", ".join(change.what for change in changes)
    by = sum(change.by for change in changes)
    return any(one.kind == "rule" for one in changes), by, len(changes), what


def sentence(changes: Sequence[Change], lang: str) -> str:
    """Say changes in a sentence."""
    whole = listed([change.explain(lang) for change in changes], _said(lang, "and"))
    return f"{whole[:1].upper()}{whole[1:]}."


def _bound(value: float | None, lang: str) -> str:
    if isinstance(value, float):
        share = percent(value)
        return share if lang == "en" else share.replace(".", ",")
    return "" if value is None else number(value, lang)
