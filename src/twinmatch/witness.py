"""
Why nothing keeps to all that was asked: numbers that anybody can add up, and a sentence that says them.

A witness holds prices of nodes and quotas (see :mod:`twinmatch.certify.theorem`): those below zero stand for
what is asked for at least, those above for what there is at most. What is asked for, taken as often as the
prices say, comes to more than what there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from twinmatch import saying
from twinmatch.errors import Fault, InputError
from twinmatch.graph.constraints import kinds_of
from twinmatch.graph.terms import FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints, Prices
    from twinmatch.graph.terms import PairTerms

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]
    Names = Callable[[str, Int64], str]

__all__ = ["Witness", "language_of", "pairs_that_count", "witness_of"]

#: Singular and plural are apart by a bar: of the nodes in the first lines, of the number in all others.
_WORDS: Final = {
    "en": {
        "left_least": "{who} must have {partners}|{who} must have {partners} between them",
        "right_least": "{who} must have {partners}|{who} must have {partners} between them",
        "left_most": "{who} may have at most {partners}|{who} may have at most {partners} between them",
        "right_most": "{who} has {places}|{who} have {places}",
        "first_least": "{who} must count for at least {n}",
        "first_most": "{who} can count for at most {n}",
        "left": "left node {n}|{n} left nodes",
        "right": "right node {n}|{n} right nodes",
        "quota_least": "{who} asks for {pairs}",
        "quota_most": "{who} allows {pairs}",
        "cover_least": "{who} asks that {n} has a partner|{who} asks that {n} have a partner",
        "locked": "{pairs} is locked|{pairs} are locked",
        "pair_most": "{pairs} is possible|{pairs} are possible",
        "other_most": "{n} other pair is possible|{n} other pairs are possible",
        "pairs": "{n} pair|{n} pairs",
        "places": "{n} place|{n} places",
        "partners": "{n} partner|{n} partners",
        "quoted": "“{n}”",
        "groups": "“{name}” for {n} groups",
        "to": "{low} to {high}",
        "and": " and ",
        "times": "{said} ({n} times)",
        "sum": "{said}, {n} in all",
        "but": "{asked}, but {offered}.",
        "nothing": "there is no such pair",
        "clash": "{names} cannot be kept|{names} cannot be kept together",
        "search": "{clash}. A search has shown it; no sum does.",
    },
    "fr": {
        "left_least": "{who} doit avoir {partners}|{who} doivent avoir {partners} en tout",
        "right_least": "{who} doit avoir {partners}|{who} doivent avoir {partners} en tout",
        "left_most": "{who} peut avoir au plus {partners}|{who} peuvent avoir au plus {partners} en tout",
        "right_most": "{who} offre {places}|{who} offrent {places}",
        "first_least": "{who} doit compter pour au moins {n}|{who} doivent compter pour au moins {n}",
        "first_most": "{who} peut compter pour au plus {n}|{who} peuvent compter pour au plus {n}",
        "left": "le nœud de gauche {n}|{n} nœuds de gauche",
        "right": "le nœud de droite {n}|{n} nœuds de droite",
        "quota_least": "{who} demande {pairs}",
        "quota_most": "{who} autorise {pairs}",
        "cover_least": "{who} demande que {n} ait un partenaire|{who} demande que {n} aient un partenaire",
        "locked": "{pairs} est imposée|{pairs} sont imposées",
        "pair_most": "{pairs} est possible|{pairs} sont possibles",
        "other_most": "{n} autre paire est possible|{n} autres paires sont possibles",
        "pairs": "{n} paire|{n} paires",
        "places": "{n} place|{n} places",
        "partners": "{n} partenaire|{n} partenaires",
        "quoted": "«\N{NO-BREAK SPACE}{n}\N{NO-BREAK SPACE}»",
        "groups": "«\N{NO-BREAK SPACE}{name}\N{NO-BREAK SPACE}» pour {n} groupes",
        "to": "{low} à {high}",
        "and": " et ",
        "times": "{said} ({n} fois)",
        "sum": "{said}, soit {n} en tout",
        "but": "{asked}, mais {offered}.",
        "nothing": "aucune paire ne convient",
        "clash": "{names} ne peut être tenu|{names} ne peuvent être tenus ensemble",
        "search": "{clash}. Une recherche l'a montré ; aucune somme ne le montre.",
    },
}
_said = partial(saying.said, _WORDS)
LANGUAGES: Final = tuple(_WORDS)
#: So many quotas of one family are said one by one; more are added up.
FEW: Final = 4


def language_of(lang: str) -> str:
    """Return a language that things can be said in; any other is an InputError."""
    if lang not in LANGUAGES:
        fault = Fault("lang", f"must be one of {', '.join(LANGUAGES)}, not {lang!r}")
        raise InputError("explain", [fault])
    return lang


class _Part(NamedTuple):
    """One line of a sum: a number, taken some times, that nodes, a quota or pairs ask for or offer."""

    kind: str
    times: int
    number: int
    nodes: Int64 | None = None
    quota: str = ""

    groups: int = 1  # quotas that are added up here
    most_times: int = 0  # where these are not all taken as often as another

    @property
    def is_asked(self) -> bool:
        return self.kind.endswith(("_least", "locked"))


@dataclass(frozen=True, eq=False, repr=False)
class Witness:
    """
    The proof that nothing keeps to all that was asked.

    Parameters
    ----------
    kind : str
        ``"cut"``: nodes and quotas that ask for more than there is; ``"sum"``: the same with some of them
        counted several times; ``"search"``: no sum shows it, a search ended without finding anything.
    prices : Prices
        Below zero: what is asked for; above zero: what there is. All zero where ``kind`` is ``"search"``.
    asked, offered : int
        What the two sums come to: ``asked`` is larger. Both 0 where ``kind`` is ``"search"``.
    clash : tuple of str
        Names of the quotas involved, every one. With ``"search"`` no fewer of them clash.

    Notes
    -----
    A sentence adds up the groups of one quota where there are more than a few; ``clash`` names them all, and
    ``prices.quota`` says how often each counts.
    """

    kind: str
    prices: Prices
    asked: int
    offered: int
    clash: tuple[str, ...]
    _parts: tuple[_Part, ...] = ()
    _names: Names | None = None

    @property
    def left(self) -> Bool:
        """The left nodes involved, (num_left,) bool."""
        return np.not_equal(self.prices.left, 0)

    @property
    def right(self) -> Bool:
        """The right nodes involved, (num_right,) bool."""
        return np.not_equal(self.prices.right, 0)

    def explain(self, lang: str = "en") -> str:
        """
        Say it in a sentence, in which many groups of one quota are one number.

        Parameters
        ----------
        lang : {"en", "fr"}

        Raises
        ------
        InputError
            If the language is another one.
        """
        language_of(lang)
        if self.kind == "search":
            parts = _folded([_Part("", 1, 0, None, name) for name in self.clash])
            names = saying.listed([_quoted(part, lang) for part in parts], _said(lang, "and"))
            return _said(lang, "search", clash=_said(lang, "clash", len(self.clash), names=names))
        parts = _folded(self._parts)
        asked = self._side([part for part in parts if part.is_asked], self.asked, lang)
        offered = self._side([part for part in parts if not part.is_asked], self.offered, lang)
        sentence = _said(lang, "but", asked=asked, offered=offered or _said(lang, "nothing"))
        return sentence[:1].upper() + sentence[1:]

    def _side(self, parts: list[_Part], total: int, lang: str) -> str:
        """Say one of the two sums, and what it comes to where that is not said already."""
        said = saying.listed([self._say(part, len(parts) > 1, lang) for part in parts], _said(lang, "and"))
        summed = len(parts) > 1 or any(max(part.times, part.most_times) > 1 for part in parts)
        return _said(lang, "sum", said=said, n=total) if summed else said

    def _say(self, part: _Part, among_others: bool, lang: str) -> str:
        kind = "other_most" if part.kind == "pair_most" and among_others else part.kind
        units = {unit: _said(lang, unit, part.number) for unit in ("pairs", "places", "partners")}
        several, who = part.number, _quoted(part, lang)
        if part.nodes is not None:
            several, side = len(part.nodes), "right" if kind.startswith("right") else "left"
            who = self._names(f"{side} {lang}", part.nodes) if self._names else _nodes(part.nodes, side, lang)
        said = _said(lang, kind, several, who=who, n=part.number, **units)
        if part.most_times:
            return _said(lang, "times", said=said, n=_said(lang, "to", low=part.times, high=part.most_times))
        return _said(lang, "times", said=said, n=part.times) if part.times > 1 else said

    def __repr__(self) -> str:
        return f"<Witness {self.kind}: {self.explain()}>"


def witness_of(
    limits: Constraints,
    pairs: tuple[Int64, Int64],
    prices: Prices,
    clash: Sequence[int] | None,
    names: Names | None = None,
) -> Witness:
    """
    Return the witness that some prices are, with what they add up to.

    Parameters
    ----------
    limits : Constraints
    pairs : (i, j)
        All admissible pairs.
    prices : Prices
    clash : sequence of int or None
        Quotas that a search found to clash, where there are no prices.
    names : callable, optional
        Says some nodes of a side in words, such as ``("left en", nodes)``.
    """
    if clash is not None:
        nothing = prices._replace(left=prices.left * 0, right=prices.right * 0, quota=prices.quota * 0)
        return Witness("search", nothing, 0, 0, tuple(limits.quotas[q].name for q in clash), (), names)
    parts = (*_of_nodes(limits, prices), *_of_quotas(limits, prices), *_of_pairs(limits, pairs, prices))
    asked = sum(part.times * part.number for part in parts if part.is_asked)
    offered = sum(part.times * part.number for part in parts if not part.is_asked)
    largest = max(int(np.abs(array).max(initial=0)) for array in prices[:3])
    involved = tuple(quota.name for quota, price in zip(limits.quotas, prices.quota, strict=True) if price)
    return Witness("cut" if largest <= 1 else "sum", prices, asked, offered, involved, parts, names)


def pairs_that_count(terms: PairTerms, limits: Constraints, prices: Prices) -> tuple[Int64, Int64]:
    """
    Return the admissible pairs of two tables that a witness speaks of, left and right, without a look at all.

    Parameters
    ----------
    terms : PairTerms
    limits : Constraints
    prices : Prices

    Notes
    -----
    Those that must be, and those that are worth more than their prices. The latter are fewer than what is
    asked for, or there would be no witness; nodes of one kind, price and group are looked at once.
    """
    quotas = [
        (limits.members(quota), price)
        for quota, price in zip(limits.quotas, prices.quota.tolist(), strict=True)
        if price and not quota.covered
    ]
    left_set, left_in = kinds_of([left for (left, _), _ in quotas], limits.num_left)
    right_set, right_in = kinds_of([right for (_, right), _ in quotas], limits.num_right)
    price = np.array([price for _, price in quotas], np.int64)
    group = (left_in.astype(np.int64) * price[:, None]).T @ right_in.astype(np.int64)
    left_key = np.stack([terms.left_class, left_set, _gain(limits, prices) - prices.left])
    right_key = np.stack([terms.right_class, right_set, prices.right])
    (left_class, left_group, gain), left_kind = np.unique(left_key, axis=1, return_inverse=True)
    (right_class, right_group, cost), right_kind = np.unique(right_key, axis=1, return_inverse=True)
    worth = gain[:, None] - cost[None, :] - group[left_group[:, None], right_group[None, :]]
    worth[terms.table[left_class[:, None], right_class[None, :]] == FORBIDDEN] = 0
    left_kind, right_kind, width = left_kind.ravel(), right_kind.ravel(), limits.num_right
    keys = [limits.locked[:, 0] * width + limits.locked[:, 1]]
    for a, b in np.argwhere(worth > 0).tolist():
        i, j = np.flatnonzero(left_kind == a), np.flatnonzero(right_kind == b)
        keys.append((i[:, None] * width + j[None, :]).ravel())
    banned = terms.banned.astype(np.int64)
    i, j = np.divmod(np.setdiff1d(np.concatenate(keys), banned[:, 0] * width + banned[:, 1]), max(1, width))
    return i, j


def _gain(limits: Constraints, prices: Prices) -> Int64:
    """Return what a first partner of each left node counts for with quotas that count left nodes."""
    gain = np.zeros(limits.num_left, np.int64)
    for quota, price in zip(limits.quotas, prices.quota.tolist(), strict=True):
        if quota.covered:
            gain[limits.members(quota)[0]] -= price
    return gain


def _of_nodes(limits: Constraints, prices: Prices) -> Iterator[_Part]:
    """Yield what the bounds of nodes ask for and offer; nodes of one price are one part."""
    gain = _gain(limits, prices)
    # Where a first partner counts for more than a further one, the sum is taken node by node.
    bent = np.zeros(limits.num_left, np.int64)
    for i in np.flatnonzero(gain).tolist():
        low, high = int(limits.left_least[i]), int(limits.left_most[i])
        worth = int(prices.left[i]), int(gain[i])
        bent[i] = max(k * worth[0] - max(0, k - 1) * worth[1] for k in (low, high, min(max(low, 1), high)))
    for kind, nodes in (("first_least", np.flatnonzero(bent < 0)), ("first_most", np.flatnonzero(bent > 0))):
        if len(nodes):
            yield _Part(kind, 1, abs(sum(bent[nodes].tolist())), nodes)
    for side, price, least, most in (
        ("left", np.where(gain == 0, prices.left, 0), limits.left_least, limits.left_most),
        ("right", prices.right, limits.right_least, limits.right_most),
    ):
        for value in np.unique(price[price != 0]).tolist():
            # Who must have nobody asks for nothing.
            nodes = np.flatnonzero((price == value) & ((value > 0) | (least > 0)))
            number = sum((least if value < 0 else most)[nodes].tolist())
            if value > 0 or number:
                yield _Part(f"{side}_{'most' if value > 0 else 'least'}", abs(value), number, nodes)


def _of_quotas(limits: Constraints, prices: Prices) -> Iterator[_Part]:
    everything = limits.num_left * limits.num_right
    for quota, price in zip(limits.quotas, prices.quota.tolist(), strict=True):
        if price > 0:
            most = everything if quota.at_most is None else quota.at_most
            yield _Part("quota_most", price, most, None, quota.name)
        elif price and quota.at_least:
            kind = "cover_least" if quota.covered else "quota_least"
            yield _Part(kind, -price, quota.at_least, None, quota.name)


def _of_pairs(limits: Constraints, pairs: tuple[Int64, Int64], prices: Prices) -> Iterator[_Part]:
    """Yield pairs whose prices leave something over, and locked pairs that take more than they serve."""
    i, j = pairs
    worth = (_gain(limits, prices) - prices.left)[i] - prices.right[j]
    for quota, price in zip(limits.quotas, prices.quota.tolist(), strict=True):
        if price and not quota.covered:
            left, right = limits.members(quota)
            worth -= price * (left[i] & right[j])
    locked = np.isin(i * limits.num_right + j, limits.locked[:, 0] * limits.num_right + limits.locked[:, 1])
    worth[(worth < 0) & ~locked] = 0
    values, numbers = np.unique(worth[worth != 0], return_counts=True)
    for value, number in zip(values.tolist(), numbers.tolist(), strict=True):
        yield _Part("pair_most" if value > 0 else "locked", abs(value), number)


# -- Words -------------------------------------------------------------------------------------------------


def _folded(parts: Sequence[_Part]) -> list[_Part]:
    """Add up quotas of one family, which is what their names have before the colon, where there are many."""
    families: dict[tuple[str, str], list[_Part]] = {}
    for part in parts:
        families.setdefault(_family(part), []).append(part)
    folded: list[_Part] = []
    for part in parts:
        family = families[_family(part)]
        if not part.quota or len(family) <= FEW:
            folded.append(part)
        elif part is family[0]:
            least, most = min(one.times for one in family), max(one.times for one in family)
            number, (_, name) = sum(one.number for one in family), _family(part)
            most_times = most if most > least else 0
            folded.append(_Part(part.kind, least, number, None, name, len(family), most_times))
    return folded


def _family(part: _Part) -> tuple[str, str]:
    """Return what quotas are added up by: what they ask for, and what they are groups of, if of anything."""
    name, colon, _ = part.quota.partition(": ")
    return part.kind, name if colon else part.quota


def _quoted(part: _Part, lang: str) -> str:
    """Return the name of a quota, or of a family and how many quotas of it there are."""
    if part.groups > 1:
        return _said(lang, "groups", part.groups, name=part.quota)
    return _said(lang, "quoted", n=part.quota)


def _nodes(nodes: Int64, side: str, lang: str) -> str:
    if len(nodes) == 1:
        return _said(lang, side, n=str(nodes[0]))
    some = ", ".join(map(str, nodes[:5].tolist())) + (", ..." if len(nodes) > 5 else "")
    return f"{_said(lang, side, len(nodes))} ({some})"
