"""
The notice that French law asks of an individual decision made through algorithmic processing.

What it must say is in the code des relations entre le public et l'administration (CRPA):

* article L. 311-3-1: the decision mentions that it was made through algorithmic processing; who asks is told
  the rules and the main features of how they were applied;
* article R. 311-3-1-1: the mention says the purpose, the right to be told, how to use that right, and how to
  turn to the Commission d'accès aux documents administratifs (CADA);
* article R. 311-3-1-2: what is told on request: degree and mode in which processing contributed to the
  decision; data and their sources; parameters and, where there are any, weights, applied to the situation of
  the one concerned; operations carried out.

Everything is read from the matching. Who decides and where to write is not in it: the authority fills that
in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from twinmatch.errors import Fault, InputError
from twinmatch.explaining.explanation import Explanation, Shown
from twinmatch.explaining.words import check_language

if TYPE_CHECKING:
    from twinmatch.explaining.page import Page
    from twinmatch.explaining.promises import Terms
    from twinmatch.matching import Matching
    from twinmatch.policy import Policy

__all__ = ["Notice", "Part", "Source", "notice"]


class Source(NamedTuple):
    """
    A table of schools that was used.

    Attributes
    ----------
    side : {"left", "right"}
    schools : int
    registers : tuple of (str, str, int)
        Source and year, and how many schools come from there; empty where the table does not say.
    columns : tuple of str
        The columns that rules, criteria and quotas read and the table has.
    fingerprint : str
        SHA-256 of its content when the matching was found.
    """

    side: str
    schools: int
    registers: tuple[tuple[str, str, int], ...]
    columns: tuple[str, ...]
    fingerprint: str


class Part(NamedTuple):
    """
    A rule, a criterion or a quota.

    Attributes
    ----------
    kind : {"rule", "criterion", "quota"}
    name : str
    weight : int or None
        The most points of a criterion.
    en, fr : str
        What it says.
    """

    kind: str
    name: str
    weight: int | None
    en: str
    fr: str

    def words(self, lang: str) -> str:
        """Return what it says in a language."""
        return self.fr if lang == "fr" else self.en

    def to_dict(self, lang: str) -> dict[str, Any]:
        """Return plain values."""
        return {"kind": self.kind, "name": self.name, "weight": self.weight, "words": self.words(lang)}


@dataclass(frozen=True)
class Notice(Shown):
    """
    What is said of a decision that rests on a matching; what :meth:`twinmatch.Matching.notice` returns.

    Parameters
    ----------
    sources : tuple of Source
    parts : tuple of Part
        Rules, criteria and quotas, in the order of the policy.
    right_parts : tuple of Part
        Those by which partners rank schools, under a mechanism that lets them.
    coverage_first : bool
    mechanism : str
    seed : int
        What lots are drawn from, where the mechanism draws any.
    version : str
        Of twinmatch.
    status : str
    limit : str or None
    objective, bound : int
    counts_points : bool
        Whether these are points.
    terms : Terms
        What the mechanism was told, and the floor that it promises.
    is_priced : bool
        Whether the mechanism proves by prices that nothing is better; a procedure has a guarantee of its own.
    points : int
    coverage, coverage_bound, num_left : int
    checked : bool or None
        Whether :meth:`twinmatch.Matching.verify` found every claim true; None where it was not called.
    seal, policy_fingerprint : str
    assumptions : tuple of str
        What was assumed where something is not known, in English.
    result : Explanation or None
        Of the school that the notice is for.
    is_french : bool
        Whether the school that it is for, or one of those that want a partner, is French, so that the
        articles of the CRPA apply. Others are told the same, but of no rights under French law.
    authority, contact : str or None
        Who decides, and where to write; left open in the text where they are None.
    lang : {"en", "fr"}
    """

    sources: tuple[Source, ...]
    parts: tuple[Part, ...]
    right_parts: tuple[Part, ...]
    coverage_first: bool
    mechanism: str
    seed: int
    version: str
    status: str
    limit: str | None
    objective: int
    bound: int
    counts_points: bool
    terms: Terms
    is_priced: bool
    points: int
    coverage: int
    coverage_bound: int
    num_left: int
    checked: bool | None
    seal: str
    policy_fingerprint: str
    assumptions: tuple[str, ...]
    is_french: bool
    result: Explanation | None = None
    authority: str | None = None
    contact: str | None = None
    lang: str = "en"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        flat = {
            name: getattr(self, name)
            for name in self.__dataclass_fields__
            if name not in ("sources", "parts", "right_parts", "result", "assumptions", "terms")
        }
        page = self.page()
        return {
            **flat,
            "terms": self.terms._asdict(),
            "sources": [
                {
                    **one._asdict(),
                    "columns": list(one.columns),
                    "registers": [
                        {"source": source, "year": year, "schools": schools}
                        for source, year, schools in one.registers
                    ],
                }
                for one in self.sources
            ],
            "parts": [part.to_dict(self.lang) for part in self.parts],
            "right_parts": [part.to_dict(self.lang) for part in self.right_parts],
            "assumptions": list(self.assumptions),
            "result": None if self.result is None else self.result.in_(self.lang).to_dict(),
            "sections": [section.title for section in page.sections],
        }

    def page(self) -> Page:
        """Return what there is to read: titles, paragraphs and tables."""
        from twinmatch.explaining.notifying import page_of

        return page_of(self)


def notice(
    matching: Matching, *, lang: str, school: str | None, authority: str | None, contact: str | None
) -> Notice:
    """Return what :meth:`twinmatch.Matching.notice` says."""
    from twinmatch import __version__
    from twinmatch.explaining.answering import explain
    from twinmatch.explaining.ledger import PRICED
    from twinmatch.explaining.promises import counts_points, terms_of

    check_language(lang, "notice")
    faults = [
        Fault(name, f"must be text, not {said!r}")
        for name, said in (("authority", authority), ("contact", contact))
        if said is not None and not isinstance(said, str)
    ]
    if faults:
        raise InputError("notice", faults)
    result = None
    if school is not None:
        result = explain(matching, school, wished=None, side=None, cost=False, lang=lang, k=0)
    certificate = matching.__dict__.get("last_certificate")
    return Notice(
        sources=_sources(matching),
        parts=_parts(matching.policy),
        right_parts=()
        if (other := getattr(matching.mechanism, "right_policy", None)) is None
        else _parts(other),
        coverage_first=matching.policy.coverage == "first",
        mechanism=matching.mechanism.name,
        # The lots that a mechanism draws come from a seed of its own.
        seed=int(getattr(matching.mechanism, "seed", matching.seed)),
        version=__version__,
        status=str(matching.status),
        limit=None if matching.limit is None else str(matching.limit),
        objective=int(matching.objective),
        bound=int(matching.bound),
        counts_points=matching.mechanism.name not in PRICED or counts_points(matching),
        terms=terms_of(matching),
        is_priced=matching.mechanism.name in PRICED,
        points=int(matching.points),
        coverage=int(matching.coverage),
        coverage_bound=int(matching.coverage_bound),
        num_left=len(matching.left),
        checked=None if certificate is None else bool(certificate.ok),
        seal=matching.seal,
        policy_fingerprint=matching.fingerprints[2],
        assumptions=tuple(matching.assumptions),
        is_french=_is_french(matching, result),
        result=result,
        authority=authority,
        contact=contact,
        lang=lang,
    )


def _is_french(matching: Matching, result: Explanation | None) -> bool:
    """Return whether French law applies; for a partner school it is the law of those who decide."""
    if result is not None and result.side == "left":
        return result.school.country == "FR"
    return "FR" in matching.left.strings("country")


def _sources(matching: Matching) -> tuple[Source, ...]:
    policy = matching.policy
    read = [column for part in policy.criteria for column in part.columns]
    read += [
        "country",
        "levels",
        "teach_lang",
        "languages",
        "state",
        "available",
        "special",
        "setting",
        "capacity",
    ]
    for part in policy.quotas:
        for name in ("left", "right", "where_left", "where_right", "conditions", "per"):
            columns = getattr(part, name, ())
            read += list(columns) if not isinstance(columns, str) else []
    sources = []
    for side, schools, fingerprint in (
        ("left", matching.left, matching.fingerprints[0]),
        ("right", matching.right, matching.fingerprints[1]),
    ):
        columns = tuple(name for name in dict.fromkeys(("id", *read)) if schools.has(name))
        sources.append(Source(side, len(schools), _registers(schools), columns, fingerprint))
    return tuple(sources)


def _registers(schools: Any) -> tuple[tuple[str, str, int], ...]:
    """Return where the rows come from, most first, as far as the table says."""
    from collections import Counter

    if not schools.has("source"):
        return ()
    years = schools.strings("year")
    counts = Counter(zip(schools.strings("source").tolist(), years.tolist(), strict=True))
    found = [(str(source or ""), str(year or ""), many) for (source, year), many in counts.items() if source]
    return tuple(sorted(found, key=lambda one: (-one[2], one)))


def _parts(policy: Policy) -> tuple[Part, ...]:
    from twinmatch.explaining.terms import criterion_words, quota_words, rule_words

    parts = [Part("rule", r.name, None, rule_words("en", r), rule_words("fr", r)) for r in policy.rules]
    parts += [
        Part("criterion", c.name, c.weight, criterion_words("en", c), criterion_words("fr", c))
        for c in policy.criteria
    ]
    parts += [Part("quota", q.name, None, quota_words("en", q), quota_words("fr", q)) for q in policy.quotas]
    return tuple(parts)
