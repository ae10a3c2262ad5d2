"""An explanation as a page: the same values, told in one of the languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinmatch.explaining.page import Page, Paragraph, Section, Table
from twinmatch.explaining.phrases import say
from twinmatch.explaining.terms import label
from twinmatch.explaining.translating import reason_in
from twinmatch.explaining.words import count, listed, number, quoted, signed, value

if TYPE_CHECKING:
    from fractions import Fraction

    from twinmatch.explaining.explanation import Card, Explanation, Option, Pair, Rival, Wish
    from twinmatch.explaining.page import Block
    from twinmatch.explaining.shares import Share

__all__ = ["page_of", "shares_table", "told_card"]


#: What cannot be bought with points.
_NO_NUMBER = frozenset({"closed", "locked", "locked_place", "no_place", "nothing"})


def page_of(explanation: Explanation) -> Page:
    """Return what there is to read about one school."""
    return _Teller(explanation).page()


def told_card(card: Card) -> str:
    """Return a school as people call it."""
    place = ", ".join(filter(None, (card.city, card.country)))
    return (
        f"{card.name or card.id} ({', '.join(filter(None, (card.id if card.name else '', place)))})".replace(
            " ()", ""
        )
    )


class _Teller:
    def __init__(self, explanation: Explanation) -> None:
        self.told, self.lang, self.frame = explanation, explanation.lang, explanation.frame
        self.unit = "point" if self.frame.counts_points else "unit"

    def _say(self, phrase: str, **parts: str) -> str:
        return say(self.lang, phrase, **parts)

    def _points(self, what: int) -> str:
        return count(self.lang, what, "point")

    def _counted(self, what: int | Fraction) -> str:
        """Return a number of what the mechanism counts."""
        return count(self.lang, what, self.unit)

    def page(self) -> Page:
        """Return the whole page."""
        told = self.told
        kind = "title_right" if told.side == "right" else "title" if told.pairs else "title_none"
        sections = self._of_right() if told.side == "right" else self._of_left()
        title = self._say(kind, school=told_card(told.school))
        return Page(self.lang, title, tuple(self._lead()), tuple(sections))

    def _lead(self) -> list[str]:
        told, frame, mechanism = self.told, self.frame, label(self.lang, "mechanism", self.frame.mechanism)
        lines = []
        if told.side == "right":
            parts = number(self.lang, len(told.pairs)), number(self.lang, told.places)
            schools = count(self.lang, told.admissible, "school")
            lines.append(self._say("places", taken=parts[0], places=parts[1], schools=schools))
        else:
            for pair in told.pairs:
                partner = told_card(pair.partner)
                lines.append(self._say("paired", partner=partner, points=self._points(pair.points)))
                if pair.is_locked:
                    lines.append(self._say("locked"))
                if not frame.counts_points:
                    counts = self._counted(pair.counts)
                    lines.append(self._say("counts_for", mechanism=mechanism, counts=counts))
            if told.reason:
                reason = reason_in(self.lang, told.reason)
                reason = reason[0].upper() + reason[1:] if self.lang == "en" else reason
                lines.append(self._say("none", reason=reason if reason.endswith(".") else f"{reason}."))
            if told.admissible:
                name = "admissible_one" if told.admissible == 1 else "admissible"
                lines.append(self._say(name, partners=count(self.lang, told.admissible, "partner")))
        if frame.status in ("INFEASIBLE", "NO_SOLUTION"):
            lines.append(self._say("nothing_found"))
        elif frame.slack is None:
            unsettled = frame.coverage_first and not frame.is_covered and frame.counts_points
            has_prices = unsettled and frame.mechanism == "most_points"
            lines.append(self._say("unsettled" if has_prices else "no_prices", mechanism=mechanism))
        elif frame.slack:
            lines.append(self._say("feasible", gap=self._counted(frame.slack)))
        else:
            floor = frame.floor
            lines.append(
                self._say("optimal")
                if floor is None
                else self._say("optimal_floor", floor=self._points(floor))
            )
        if frame.slack is not None and not frame.counts_points:
            lines.append(self._say("units", mechanism=mechanism))
        return [" ".join(lines)]

    # -- Left schools --------------------------------------------------------------------------------------

    def _of_left(self) -> list[Section]:
        told = self.told
        sections = [
            Section(
                self._say("section_pair")
                if len(told.pairs) == 1
                else f"{self._say('section_pair')} ({pair.partner.id})",
                (
                    shares_table(self.lang, pair.shares, pair.points, self._say("shares_caption")),
                    *self._price(pair),
                ),
                "" if len(told.pairs) == 1 else pair.partner.id,
            )
            for pair in told.pairs
        ]
        if told.wish is not None:
            sections.append(self._wish(told.wish))
        if not told.k:
            return sections
        more: tuple[Block, ...] = (Paragraph(self._say("next_none")),)
        if told.next_best:
            more = (self._options(told.next_best),)
        sections.append(Section(self._say("section_next"), more))
        if told.frame.status in ("OPTIMAL", "FEASIBLE"):
            standby: Block = Paragraph(self._say("standby_none"))
            if told.standby:
                standby = self._standby(told.standby)
            sections.append(Section(self._say("section_standby"), (standby,)))
        return sections

    def _price(self, pair: Pair) -> list[Block]:
        if pair.price is None:
            return []
        if not pair.price:
            return [Paragraph(self._say("price_nothing"))]
        price = self._say("price", price=self._counted(pair.price))
        reading = "reading_covered" if self.frame.covered_in_price else "reading_price"
        return [Paragraph(f"{price} {self._say(reading)}")]

    def _options(self, options: tuple[Option, ...]) -> Table:
        has_prices = self.frame.slack is not None
        columns = ("partner", "points", "alone", *(["in_all"] if has_prices else []), "obstacle")
        return Table(
            self._say("next_caption" if has_prices else "next_caption_alone"),
            tuple(self._say(name) for name in columns),
            tuple(
                (
                    _short(option.partner),
                    number(self.lang, option.points),
                    "" if option.gain is None else signed(self.lang, option.gain),
                    *([self._in_all(option)] if has_prices else []),
                    self._why(option),
                )
                for option in options
            ),
            tuple(range(1, len(columns) - 1)),
            titles=tuple(told_card(option.partner) for option in options),
        )

    def _in_all(self, option: Option) -> str:
        """Return what all together would have less, at best."""
        kinds = {obstacle.kind for obstacle in option.obstacles}
        if option.loss is None or option.leaves_out or kinds & {"unknown", *_NO_NUMBER}:
            return ""
        return number(self.lang, -option.loss)

    def _holders(self, option: Option) -> str:
        who = option.holders[0][0]
        more = option.taken - 1
        return self._say("more_holders", who=who, more=number(self.lang, more)) if more else who

    def _why(self, option: Option, *, in_full: bool = False) -> str:
        """Return what keeps a partner away, the shortest that is true; in full with what it would cost."""
        said = []
        for obstacle in option.obstacles:
            called = [label(self.lang, "quota", name) for name in obstacle.names]
            names = listed(self.lang, [quoted(self.lang, name) for name in called])
            many = "_many" if len(obstacle.names) > 1 else ""
            match obstacle.kind:
                case "coverage":
                    schools = count(self.lang, option.leaves_out, "school")
                    one = "coverage_one" if option.leaves_out == 1 else "coverage"
                    said.append(self._say(one, schools=schools))
                case "quota" | "floor":
                    said.append(self._say(obstacle.kind + many, names=names))
                case "needed":
                    said.append(self._say("needed", names=listed(self.lang, obstacle.names)))
                case "full":
                    who, price = self._holders(option), number(self.lang, option.price or 0)
                    said.append(self._say("full_price" if option.price else "full", who=who, price=price))
                    if self.frame.slack is None and (option.gain or 0) > 0:
                        said.append(self._say("no_prices_full"))
                case "rank":
                    at, ranks = number(self.lang, obstacle.number), self.frame.ranks or 0
                    one = "rank_one" if ranks == 1 else "rank"
                    parts = {"ranks": number(self.lang, ranks)} if ranks > 1 else {}
                    said.append(self._say(one, number=at, **parts))
                case "promise":
                    floor = self._points(self.frame.floor or 0)
                    said.append(self._say("promise", floor=floor, short=self._points(obstacle.number)))
                case "locked":
                    said.append(self._say("locked_own"))
                case "worth_less":
                    said.append(self._say("worth_less" if option.gain else "worth_same"))
                case kind:
                    said.append(self._say(kind))
        kinds = {obstacle.kind for obstacle in option.obstacles}
        if in_full and option.loss and not option.leaves_out and not kinds & {"worth_less", *_NO_NUMBER}:
            gain = option.gain_counts or 0
            if option.gain is not None and gain > 0:
                parts = {"gain": number(self.lang, gain), "others": number(self.lang, gain + option.loss)}
                said.append(self._say("loss_others", **parts))
            else:
                said.append(self._say("loss", loss=number(self.lang, option.loss)))
        return "; ".join(said) if self.lang == "en" else "\N{NARROW NO-BREAK SPACE}; ".join(said)

    def _standby(self, options: tuple[Option, ...]) -> Table:
        return Table(
            self._say("standby_caption"),
            (self._say("partner"), self._say("points")),
            tuple((_short(option.partner), number(self.lang, option.points)) for option in options),
            (1,),
            compact=True,
            titles=tuple(told_card(option.partner) for option in options),
        )

    def _wish(self, wish: Wish) -> Section:
        lines = [self._say("wish", partner=told_card(wish.partner), points=self._points(wish.points))]
        if wish.is_own:
            lines = [self._say("wish_own")]
        elif wish.forbidden_by:
            names = listed(
                self.lang, [quoted(self.lang, label(self.lang, "rule", n)) for n in wish.forbidden_by]
            )
            many = "_many" if len(wish.forbidden_by) > 1 else ""
            lines.append(self._say("wish_forbidden" + many, names=names))
            lines.append(self._say("wish_change"))
        elif wish.option is not None:
            lines.append(self._say("wish_away", why=self._why(wish.option, in_full=True)))
            if wish.option.loss and not wish.option.leaves_out:
                lines.append(self._say("wish_needs", loss=self._counted(wish.option.loss)))
        lines += self._cost(wish)
        table = shares_table(self.lang, wish.shares, wish.points, self._say("wish_caption"))
        blocks: tuple[Block, ...] = (Paragraph(" ".join(lines)),)
        return Section(self._say("section_wish"), blocks if wish.is_own else (*blocks, table))

    def _cost(self, wish: Wish) -> list[str]:
        cost = wish.cost
        if cost is None:
            has_no_cost = wish.cost_asked and self.frame.status in ("OPTIMAL", "FEASIBLE")
            mechanism = label(self.lang, "mechanism", self.frame.mechanism)
            return [self._say("cost_none", mechanism=mechanism)] if has_no_cost else []
        if cost.breaks_floor:
            floor = self.frame.floor or 0
            name = "cost_breaks" if wish.points < floor else "cost_breaks_others"
            return [self._say(name, floor=self._points(floor))]
        if cost.points is None or cost.schools is None:
            if cost.status != "INFEASIBLE":
                return [self._say("cost_stopped")]
            return [self._say("cost_impossible")]
        if cost.schools:
            schools = count(self.lang, cost.schools, "school")
            points = f"{signed(self.lang, -cost.points)} {self._counted(cost.points).split(chr(0xA0))[-1]}"
            said = [self._say("cost_fewer", schools=schools, points=points)]
        else:
            said = [self._say("cost", points=self._counted(cost.points))]
        return said if cost.is_exact else [*said, self._say("cost_inexact")]

    # -- Right schools -------------------------------------------------------------------------------------

    def _of_right(self) -> list[Section]:
        told = self.told
        pairs: Block = Paragraph(self._say("holders_none"))
        price: list[Block] = []
        if told.pairs:
            columns = ("school", "points", "criteria_column")
            rows = tuple(
                (
                    _short(pair.partner),
                    number(self.lang, pair.points),
                    ", ".join(
                        f"{label(self.lang, 'criterion', share.name)} {number(self.lang, share.points)}"
                        for share in pair.shares
                    ),
                )
                for pair in told.pairs
            )
            head = tuple(self._say(name) for name in columns)
            titles = tuple(told_card(pair.partner) for pair in told.pairs)
            pairs = Table(self._say("holders_caption"), head, rows, (1,), titles=titles)
            price = self._price(told.pairs[0])
        sections = [Section(self._say("section_pair"), (pairs, *price))]
        if not told.k:
            return sections
        rivals: Block = Paragraph(self._say("rivals_none"))
        if told.rivals:
            rivals = self._rivals(told.rivals)
        return [*sections, Section(self._say("section_rivals"), (rivals,))]

    def _rivals(self, rivals: tuple[Rival, ...]) -> Table:
        columns = ["school", "points", "own_partner", "gain"]
        has_prices = self.frame.slack is not None
        return Table(
            self._say(
                "rivals_caption" if has_prices else "rivals_caption_alone",
                number=number(self.lang, self.told.num_rivals),
            ),
            tuple(self._say(name) for name in (*columns, *(["short"] if has_prices else []))),
            tuple(
                (
                    _short(rival.school),
                    number(self.lang, rival.points),
                    rival.own_id or "-",
                    signed(self.lang, rival.gain),
                    *([self._short_by(rival)] if has_prices else []),
                )
                for rival in rivals
            ),
            (1, 3),
            titles=tuple(told_card(rival.school) for rival in rivals),
        )

    def _short_by(self, rival: Rival) -> str:
        if rival.leaves_out:
            return self._say("short_coverage", schools=count(self.lang, rival.leaves_out, "school"))
        if rival.short is None:
            return self._say("short_floor")
        return self._counted(rival.short) if rival.short else self._say("short_none")


def _short(card: Card) -> str:
    return f"{card.id} {card.country or ''}".strip()


def shares_table(lang: str, shares: tuple[Share, ...], points: int, caption: str) -> Table:
    """Return what each criterion gives as a table that adds up."""
    head = tuple(say(lang, name) for name in ("criterion", "points", "most", "facts"))
    rows = tuple(
        (
            label(lang, "criterion", share.name),
            number(lang, share.points),
            "" if share.most is None else number(lang, share.most),
            _facts(lang, share),
        )
        for share in shares
    )
    known = [share.most for share in shares if share.most is not None]
    most = number(lang, sum(known)) if len(known) == len(shares) else ""
    return Table(caption, head, rows, (1, 2), foot=(say(lang, "total"), number(lang, points), most, ""))


def _facts(lang: str, share: Share) -> str:
    """Return what a criterion looked at, in words."""
    facts = share.facts
    given = count(lang, share.points, "point")
    if facts.what == "km":
        if facts.common:
            return say(lang, "apart", number=number(lang, int(facts.common[0])))
        return say(lang, "counts_unknown", points=given)
    if not facts.what:
        return say(lang, "counts_unknown", points=given) if share.unknown else ""
    if facts.what == "kept":
        if not facts.left:
            return say(lang, "no_former")
        return say(lang, "former" if share.points else "other_former", partners=listed(lang, [*facts.left]))
    left, right = (_side(lang, facts.what, words) for words in (facts.left, facts.right))
    if facts.left and facts.left == facts.right:
        said = say(lang, "on_both", both=left)
    elif not (facts.left or facts.right):
        return say(lang, "counts_unknown", points=given)
    else:
        said = say(lang, "both_sides", left=left, right=right)
        if facts.what in ("languages", "levels", "tags") and not share.unknown:
            common = listed(lang, [value(lang, facts.what, word) for word in facts.common])
            said += say(lang, "common", common=common) if facts.common else say(lang, "nothing_common")
    return said + (say(lang, "unknown_added", points=given) if share.unknown else "")


def _side(lang: str, what: str, words: tuple[str, ...]) -> str:
    if not words:
        return say(lang, "not_known")
    if what == "pupils":
        return say(lang, "pupils", number=number(lang, float(words[0])))
    return listed(lang, [value(lang, what, word) for word in words])
