"""A notice as a page: what articles L. 311-3-1 and R. 311-3-1-1 and -2 of the CRPA ask for, part by part."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twinmatch.explaining.clauses import PHRASES
from twinmatch.explaining.page import Items, Page, Paragraph, Section, Table
from twinmatch.explaining.telling import shares_table, told_card
from twinmatch.explaining.terms import label
from twinmatch.explaining.translating import assumption_in, reason_in
from twinmatch.explaining.words import count, number, polished

if TYPE_CHECKING:
    from twinmatch.explaining.explanation import Explanation
    from twinmatch.explaining.notice import Notice
    from twinmatch.explaining.page import Block

__all__ = ["page_of"]

_DRAWS = frozenset({"serial_dictatorship"})


def page_of(notice: Notice) -> Page:
    """Return what there is to read."""
    return _Notifier(notice).page()


class _Notifier:
    def __init__(self, notice: Notice) -> None:
        self.told, self.lang = notice, notice.lang
        self.unit = "point" if notice.counts_points else "unit"

    def _say(self, phrase: str, **parts: str) -> str:
        text = polished(self.lang, PHRASES[phrase][self.lang == "fr"]).format(**parts)
        # The number of an article stays with its letter.
        return re.sub(r"\b([LR])\. (?=\d)", "\\1.\N{NO-BREAK SPACE}", text)

    def page(self) -> Page:
        """Return the whole page."""
        told = self.told
        authority = self._say("authority", authority=told.authority or self._say("open_authority"))
        contact = told.contact or self._say("open_authority")
        if told.is_french:
            rights = [Paragraph(self._say("rights_text", contact=contact)), Paragraph(self._say("cada"))]
        else:
            rights = [Paragraph(self._say("contact", contact=contact))]
        sections = [
            self._section("purpose", Paragraph(self._say("purpose_text"))),
            self._section("rights" if told.is_french else "questions", *rights),
            *([self._result(told.result)] if told.result is not None else []),
            self._section("degree", Paragraph(self._say("degree_text"))),
            self._data(),
            self._weights(),
            self._section("operations", Items(tuple(self._operations()))),
            self._proof(),
        ]
        mention = self._say("mention" if told.is_french else "mention_elsewhere")
        return Page(self.lang, self._say("title"), (mention, authority), tuple(sections))

    def _section(self, title: str, *blocks: Block) -> Section:
        return Section(self._say(title), blocks)

    def _mechanism(self) -> str:
        return label(self.lang, "mechanism", self.told.mechanism)

    def _result(self, result: Explanation) -> Section:
        blocks: list[Block] = []
        if result.side == "right":
            pairs = number(self.lang, len(result.pairs))
            blocks.append(Paragraph(self._say("result_right", pairs=pairs)))
        elif not result.pairs:
            reason = reason_in(self.lang, result.reason)
            reason = f"{reason[:1].upper()}{reason[1:]}" + ("" if reason.endswith(".") else ".")
            blocks.append(Paragraph(self._say("result_none", reason=reason)))
        for pair in result.pairs:
            points = count(self.lang, pair.points, "point")
            blocks.append(Paragraph(self._say("result_pair", partner=told_card(pair.partner), points=points)))
            blocks.append(shares_table(self.lang, pair.shares, pair.points, self._say("result_caption")))
        school = told_card(result.school)
        return Section(self._say("result", school=school), tuple(blocks), school)

    def _data(self) -> Section:
        rows, items = [], []
        for source in self.told.sources:
            table = self._say(source.side)
            found = source.registers or ((self._say("no_source"), "", source.schools),)
            rows += [(table, name, year, number(self.lang, many)) for name, year, many in found]
            items.append(self._say("columns", table=table, columns=", ".join(source.columns)))
            items.append(self._say("fingerprint", table=table, fingerprint=source.fingerprint))
        head = tuple(self._say(name) for name in ("table", "source", "year", "schools"))
        table_ = Table(self._say("data_caption"), head, tuple(rows), (3,))
        return self._section("data", Paragraph(self._say("data_text")), table_, Items(tuple(items)))

    def _weights(self) -> Section:
        parts = self.told.parts
        rules = [
            f"{label(self.lang, 'rule', part.name)}{self._colon}{part.words(self.lang)}"
            for part in parts
            if part.kind == "rule"
        ]
        blocks: list[Block] = [Paragraph(self._say("rules_text" if rules else "no_rules"))]
        blocks += [Items(tuple(rules))] if rules else []
        criteria = [part for part in parts if part.kind == "criterion"]
        if criteria:
            head = tuple(self._say(name) for name in ("criterion", "most", "share", "says"))
            rows = tuple(
                (
                    label(self.lang, "criterion", part.name),
                    self._say("unlimited") if part.weight is None else number(self.lang, part.weight),
                    self._share(part.weight),
                    part.words(self.lang),
                )
                for part in criteria
            )
            blocks.append(Table(self._say("criteria_caption"), head, rows, (1, 2)))
        else:
            blocks.append(Paragraph(self._say("no_criteria")))
        quotas = [
            f"{label(self.lang, 'quota', part.name)}{self._colon}{part.words(self.lang)}"
            for part in parts
            if part.kind == "quota"
        ]
        if quotas:
            blocks += [Paragraph(self._say("quotas_text")), Items(tuple(quotas))]
        return self._section("weights", *blocks)

    @property
    def _colon(self) -> str:
        return "\N{NO-BREAK SPACE}: " if self.lang == "fr" else ": "

    def _share(self, weight: int | None) -> str:
        """Return the part of all points that a criterion may give."""
        weights = [part.weight for part in self.told.parts if part.kind == "criterion"]
        known = [one for one in weights if one is not None]
        if weight is None or len(known) < len(weights) or not sum(known):
            return ""
        share = f"{100 * weight / sum(known):.1f}".removesuffix(".0")
        return f"{share.replace('.', ',') if self.lang == 'fr' else share}\N{NO-BREAK SPACE}%"

    def _operations(self) -> list[str]:
        told = self.told
        chosen = told.mechanism if told.mechanism in PHRASES else "other_mechanism"
        names = ["op_read", "op_admissible"]
        if told.is_priced:  # procedures promise neither
            names.append("op_coverage" if told.coverage_first else "op_points_first")
        names += ["op_quotas"] if any(part.kind == "quota" for part in told.parts) else []
        names += [chosen, *self._parameters(), *(["op_right"] if told.right_parts else [])]
        names += ["op_draw" if told.mechanism in _DRAWS else "op_no_draw", "op_check"]
        terms = told.terms
        said = {
            "seed": str(told.seed),
            "mechanism": self._mechanism(),
            "criteria": self._right_criteria(),
            "floor": count(self.lang, terms.floor or 0, "point"),
            "ranks": number(self.lang, terms.ranks or 0),
            "scale": terms.scale or "",
        }
        return [self._say(name, **said) for name in names]

    def _parameters(self) -> list[str]:
        """Return the phrases of what the mechanism was told and promises."""
        floor, ranks, scale, passes_over = self.told.terms
        phrases = {
            "op_floor": floor is not None,
            "op_ranks": ranks is not None and ranks > 1,
            "op_rank_one": ranks == 1,
            "op_scale": scale is not None,
            "op_passes_over": passes_over,
        }
        return [name for name, is_said in phrases.items() if is_said]

    def _right_criteria(self) -> str:
        criteria = [part for part in self.told.right_parts if part.kind == "criterion"]
        weights = [
            self._say("unlimited") if part.weight is None else number(self.lang, part.weight)
            for part in criteria
        ]
        names = [label(self.lang, "criterion", part.name) for part in criteria]
        return ", ".join(f"{name} ({weight})" for name, weight in zip(names, weights, strict=True))

    def _proof(self) -> Section:
        told = self.told
        lines = []
        if told.status in ("INFEASIBLE", "NO_SOLUTION"):
            lines.append(self._say(told.status.lower()))
        else:
            coverage, schools = (number(self.lang, n) for n in (told.coverage, told.num_left))
            lines.append(self._say("covered", coverage=coverage, schools=schools))
            if not told.is_priced:
                carried = "carried_out" if told.status == "OPTIMAL" else "cut_short"
                lines.append(self._say(carried, points=count(self.lang, told.points, "point")))
            elif told.coverage_first and told.coverage == told.coverage_bound:
                lines.append(self._say("covered_best"))
            elif told.coverage_first:
                lines.append(self._say("covered_bound", bound=number(self.lang, told.coverage_bound)))
            kind = "optimal" if told.status == "OPTIMAL" else "feasible"
            amounts = {"objective": told.objective, "bound": told.bound, "gap": told.bound - told.objective}
            floor = told.terms.floor
            if told.is_priced and floor is not None:
                said = {"floor": floor, "objective": told.points}  # as many pairs: any weight is the same
                points = {name: count(self.lang, n, "point") for name, n in said.items()}
                lines.append(self._say("optimal_floor", **points))
            elif told.is_priced:
                units = {name: count(self.lang, n, self.unit) for name, n in amounts.items()}
                lines.append(self._say(kind, **units))
        checked = {True: "checked", False: "refused", None: "not_checked"}[told.checked]
        lines.append(self._say(checked))
        version = self._say(
            "version",
            version=told.version,
            mechanism=self._mechanism(),
            seed=str(told.seed),
            seal=told.seal[:16],
            policy=told.policy_fingerprint[:16],
        )
        blocks: list[Block] = [Paragraph(" ".join(lines)), Paragraph(version)]
        if told.assumptions:
            blocks += [
                Paragraph(self._say("assumptions_text")),
                Items(tuple(assumption_in(self.lang, one) for one in told.assumptions)),
            ]
        return self._section("proof", *blocks)
