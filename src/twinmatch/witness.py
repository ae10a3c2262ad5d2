"""
Why nothing keeps to all that was asked: numbers that anybody can add up, and a sentence that says them.

A witness holds prices of nodes and quotas (see :mod:`twinmatch.certify.theorem`): those below zero stand for what
is asked for at least, those above for what there is at most. What is asked for, taken as often as the prices
say, comes to more than what there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from twinmatch.graph.constraints import Constraints, Prices

    Int64 = npt.NDArray[np.int64]
    Bool = npt.NDArray[np.bool_]
    Names = Callable[[str, Int64], str]

__all__ = ["LANGUAGES", "Witness", "witness_of"]

LANGUAGES = ("en", "fr")

_WORDS = {
    "en": {
        "left_least": "{nodes} must have {n} between them",
        "right_least": "{nodes} must be given {n} between them",
        "quota_least": "{name} asks for {n}",
        "locked": "{n} fixed between others must stay",
        "left_most": "{nodes} may have {n} at most",
        "right_most": "{nodes} offer {n}",
        "quota_most": "{name} allows {n}",
        "single": "{n} single pairs between others may be made",
        "left": "left node",
        "lefts": "left nodes",
        "right": "right node",
        "rights": "right nodes",
        "pair": "pair",
        "pairs": "pairs",
        "place": "place",
        "places": "places",
        "partner": "partner",
        "partners": "partners",
        "times": "{k} times: ",
        "cut": "{asked}; but {offered}. That is {need} asked for, and {have} to be had.",
        "nothing": "nothing else is left for them",
        "search": "These quotas cannot be kept together: {names}. Two searches found so; there is no sum to show it.",
        "and": " and ",
        "none": "no quota, only bounds of single nodes",
    },
    "fr": {
        "left_least": "{nodes} doivent avoir {n} au total",
        "right_least": "{nodes} doivent recevoir {n} au total",
        "quota_least": "{name} demande {n}",
        "locked": "{n} fixées avec d'autres doivent rester",
        "left_most": "{nodes} peuvent avoir {n} au plus",
        "right_most": "{nodes} offrent {n}",
        "quota_most": "{name} permet {n}",
        "single": "{n} isolées avec d'autres sont possibles",
        "left": "nœud de gauche",
        "lefts": "nœuds de gauche",
        "right": "nœud de droite",
        "rights": "nœuds de droite",
        "pair": "paire",
        "pairs": "paires",
        "place": "place",
        "places": "places",
        "partner": "partenaire",
        "partners": "partenaires",
        "times": "{k} fois : ",
        "cut": "{asked} ; or {offered}. Il faut donc {need}, et il n'y a que {have}.",
        "nothing": "il ne leur reste rien d'autre",
        "search": "Ces quotas ne peuvent être tenus ensemble : {names}. Deux recherches l'ont établi ; aucune "
        "somme ne le montre.",
        "and": " et ",
        "none": "aucun quota, seulement des bornes de nœuds",
    },
}


@dataclass(frozen=True, eq=False, repr=False)
class Witness:
    """
    The proof that nothing keeps to all that was asked.

    Parameters
    ----------
    kind : str
        ``"cut"``: a set of nodes and quotas that asks for more than it can get; ``"sum"``: the same with quotas
        counted several times; ``"search"``: no sum shows it, two solvers searched in vain.
    prices : Prices
        Below zero: what is asked for; above zero: what there is. All zero where ``kind`` is ``"search"``.
    asked, offered : int
        What the sums come to; ``asked`` is larger.
    clash : tuple of str
        Names of the quotas involved.
    """

    kind: str
    prices: Prices
    asked: int
    offered: int
    clash: tuple[str, ...]
    _parts: tuple[tuple[str, int, int, str, Int64], ...] = ()
    _names: Names | None = None

    @property
    def left(self) -> Bool:
        """The left nodes involved, (num_left,) bool."""
        return self.prices.left != 0

    @property
    def right(self) -> Bool:
        """The right nodes involved, (num_right,) bool."""
        return self.prices.right != 0

    def explain(self, lang: str = "en") -> str:
        """
        Say it in a sentence.

        Parameters
        ----------
        lang : {"en", "fr"}

        Raises
        ------
        ValueError
            If the language is another one.
        """
        if lang not in LANGUAGES:
            raise ValueError(f"lang must be one of {', '.join(LANGUAGES)}, not {lang!r}")
        words = _WORDS[lang]
        if self.kind == "search":
            quoted = [f"“{name}”" if lang == "en" else f"« {name} »" for name in self.clash]
            return words["search"].format(names=_listed(quoted, words) or words["none"])
        asked = [self._say(part, lang) for part in self._parts if part[0].endswith(("least", "locked"))]
        offered = [self._say(part, lang) for part in self._parts if part[0].endswith(("most", "single"))]
        sentence = words["cut"].format(
            asked=_listed(asked, words),
            offered=_listed(offered, words) or words["nothing"],
            need=f"{self.asked:,}",
            have=f"{self.offered:,}",
        )
        return _grouped(sentence[:1].upper() + sentence[1:], lang)

    def _say(self, part: tuple[str, int, int, str, Int64], lang: str) -> str:
        key, times, number, name, nodes = part
        words = _WORDS[lang]
        unit = {"left_least": "partner", "left_most": "partner", "right_most": "place"}.get(key, "pair")
        count = f"{number:,} {words[unit if number == 1 else unit + 's']}"
        side = key.split("_")[0]
        who = f"“{name}”" if lang == "en" else f"« {name} »"
        if side in ("left", "right"):
            one_or_many = words[side if len(nodes) == 1 else side + "s"]
            who = self._names(f"{side} {lang}", nodes) if self._names else _nodes(nodes, one_or_many)
        sentence = words[key].format(nodes=who, n=count if key != "single" else f"{number:,}", name=who)
        return (words["times"].format(k=times) if times > 1 else "") + sentence

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
        Says some nodes of a side in words.
    """
    quotas = limits.quotas
    if clash is not None:
        return Witness("search", prices, 0, 0, tuple(quotas[q].name for q in clash), (), names)
    parts: list[tuple[str, int, int, str, Int64]] = []
    gain = np.zeros(limits.num_left, np.int64)
    for quota, value in zip(quotas, prices.quota.tolist(), strict=True):
        if quota.covered:
            gain[limits.members(quota)[0]] -= value
    # Where coverage is counted a further partner is worth less than the first: such nodes are taken as they come.
    plain = gain == 0
    bent = np.array(
        [
            max(k * u - max(0, k - 1) * c for k in {low, high, min(max(low, 1), high)})
            for u, c, low, high in zip(
                prices.left[~plain].tolist(),
                gain[~plain].tolist(),
                limits.left_least[~plain].tolist(),
                limits.left_most[~plain].tolist(),
                strict=True,
            )
        ],
        np.int64,
    )
    for key, nodes, number in (
        ("left_least", np.flatnonzero(~plain)[bent < 0], -int(bent[bent < 0].sum())),
        ("left_most", np.flatnonzero(~plain)[bent > 0], int(bent[bent > 0].sum())),
    ):
        if number:
            parts.append((key, 1, number, "", nodes))
    for side, price, least, most in (
        ("left", np.where(plain, prices.left, 0), limits.left_least, limits.left_most),
        ("right", prices.right, limits.right_least, limits.right_most),
    ):
        for value in np.unique(price[price != 0]).tolist():
            nodes = np.flatnonzero(price == value)
            number = sum((least if value < 0 else most)[nodes].tolist())
            if number:
                parts.append((f"{side}_{'least' if value < 0 else 'most'}", abs(value), number, "", nodes))
    none = np.empty(0, np.int64)
    for quota, value in zip(quotas, prices.quota.tolist(), strict=True):
        if value < 0:
            parts.append(("quota_least", -value, quota.at_least, quota.name, none))
        elif value > 0:
            parts.append(("quota_most", value, quota.at_most or 0, quota.name, none))
    i, j = pairs
    worth = -(prices.left[i] + prices.right[j])
    for quota, value in zip(quotas, prices.quota.tolist(), strict=True):
        if value:
            left, right = limits.members(quota)
            worth = worth - value * (left[i] & right[j])
    must = np.isin(i * limits.num_right + j, limits.locked[:, 0] * limits.num_right + limits.locked[:, 1])
    for value in np.unique(worth[(worth > 0) & ~must]).tolist():
        parts.append(("single", value, int(((worth == value) & ~must).sum()), "", none))
    for value in np.unique(worth[(worth != 0) & must]).tolist():
        number = int(((worth == value) & must).sum())
        parts.append(("locked" if value < 0 else "single", abs(value), number, "", none))
    asked = sum(times * number for key, times, number, _, _ in parts if key.endswith(("least", "locked")))
    offered = sum(times * number for key, times, number, _, _ in parts) - asked
    values = [abs(x) for array in (prices.left, prices.right, prices.quota) for x in array.tolist()]
    kind = "cut" if max(values, default=0) <= 1 else "sum"
    involved = tuple(quota.name for quota, value in zip(quotas, prices.quota, strict=True) if value)
    return Witness(kind, prices, asked, offered, involved, tuple(parts), names)


def _nodes(nodes: Int64, word: str) -> str:
    listed = ", ".join(map(str, nodes[:5].tolist())) + (", ..." if len(nodes) > 5 else "")
    return f"{word} {listed}" if len(nodes) == 1 else f"{len(nodes):,} {word} ({listed})"


def _listed(parts: Sequence[str], words: dict[str, str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + words["and"] + parts[-1]


def _grouped(sentence: str, lang: str) -> str:
    """Write thousands as the language does."""
    if lang == "en":
        return sentence
    import re

    return re.sub(r"(?<=\d),(?=\d{3})", "\N{NARROW NO-BREAK SPACE}", sentence)
