"""Explanations and notices as text and as HTML."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest

import twinmatch as tm
from tests.explaining.cases import plain, under_quotas
from twinmatch.explaining.page import Items, Page, Paragraph, Section, Table
from twinmatch.explaining.text import text_of

HOSTILE = '<script>alert("x")</script>&amp;\'"\x1b[31m\x07'
VOID = {"meta", "br"}


class Outline(HTMLParser):
    """Every tag with its attributes, and the text between them; complains about tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        """Remember a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        """See that it closes the last one."""
        assert self._open.pop() == tag

    def handle_data(self, data):
        """Remember a text."""
        self.texts.append(data)

    def named(self, *names: str) -> list[tuple[str, dict[str, str | None]]]:
        """Return the tags of some names."""
        return [tag for tag in self.tags if tag[0] in names]


@pytest.fixture(scope="module")
def hostile() -> tm.Matching:
    """Return the sample with names, cities and a rule that would do harm if they were not escaped."""
    import pyarrow as pa

    sides = []
    for schools in tm.datasets.sample():
        columns = {name: schools.table[name].to_pylist() for name in schools.columns}
        columns["name"] = [HOSTILE] * len(schools)
        columns["city"] = ["</td><b onclick=x>" for _ in range(len(schools))]
        sides.append(tm.Schools.from_frame(pa.table(columns)))
    policy = tm.policies.systematic_twinning()
    rules = (*policy.rules[1:], replace(policy.rules[0], name="<img src=x>"))
    return tm.match(*sides, replace(policy, rules=rules, quotas=(tm.policies.Quota("<i>&", at_most=150),)))


def told(matching: tm.Matching):
    """Yield an explanation of every kind, and notices, in both languages."""
    left, right = [str(k) for k in matching.left.ids], [str(k) for k in matching.right.ids]
    nobody = matching.unmatched
    ids = (
        nobody["left_id"].to_list()
        if hasattr(nobody["left_id"], "to_list")
        else nobody["left_id"].to_pylist()
    )
    for lang in ("en", "fr"):
        yield matching.explain(left[0], wished=right[0], lang=lang)
        yield matching.explain(right[1], lang=lang)
        yield matching.notice(lang)
        yield matching.notice(lang, left[1], authority=HOSTILE, contact=HOSTILE)
        yield matching.notice(lang, right[1])
        for school in ids[:2]:
            yield matching.explain(str(school), lang=lang)
            yield matching.notice(lang, str(school))


def test_hostile_names_are_text_in_html(hostile):
    """A name that is markup is shown, and is never a tag; nothing is loaded from elsewhere."""
    for one in told(hostile):
        for text in (one._repr_html_(), one.to_html()):
            outline = Outline(text)
            assert not outline.named("script", "img", "b", "i", "link", "iframe")
            assert not any(
                name.startswith("on") or name == "src" for _, attrs in outline.tags for name in attrs
            )
            assert "\x1b" not in text
            assert "\x07" not in text
            assert "http" not in text.replace("http-equiv=", "")
    assert '<script>alert("x")</script>' in "".join(
        Outline(hostile.explain(str(hostile.left.ids[0]))._repr_html_()).texts
    )


def test_a_browser_is_told_to_run_nothing(hostile):
    """Every page carries a content security policy that allows styles and nothing else, before its title."""
    for one in told(hostile):
        outline = Outline(one.to_html())
        rules = [attrs for tag, attrs in outline.tags if "http-equiv" in attrs]
        assert [rule["http-equiv"] for rule in rules] == ["Content-Security-Policy"]
        parts = dict(part.strip().split(" ", 1) for part in rules[0]["content"].split(";"))
        assert parts == {
            "default-src": "'none'",
            "style-src": "'unsafe-inline'",
            "base-uri": "'none'",
            "form-action": "'none'",
        }
        names = [tag for tag, _ in outline.tags]
        assert outline.tags.index(("meta", rules[0])) < names.index("title") < names.index("style")


def test_hostile_names_do_not_reach_the_terminal(hostile):
    """Letters that a terminal would obey are not printed."""
    for one in told(hostile):
        assert "\x1b" not in str(one)
        assert "\x07" not in str(one)


def test_html_can_be_read_aloud(hostile):
    """One main heading, headings that skip no level, tables with captions and titles for rows and columns."""
    for one in told(hostile):
        outline = Outline(one.to_html())
        (html,) = outline.named("html")
        assert html[1]["lang"] == one.lang
        assert len(outline.named("title")) == len(outline.named("main")) == len(outline.named("h1")) == 1
        levels = [int(tag[1]) for tag, _ in outline.tags if tag in ("h1", "h2", "h3")]
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))
        tables = outline.named("table")
        assert len(tables) == len(outline.named("caption")) == len(outline.named("thead"))
        assert all(attrs.get("scope") in ("row", "col") for _, attrs in outline.named("th"))
        assert [attrs["name"] for _, attrs in outline.named("meta") if "name" in attrs] == ["viewport"]


def test_notebooks_get_a_part_of_a_page(hostile):
    """``_repr_html_`` is one element with its language and without a style that would leak."""
    text = hostile.explain(str(hostile.left.ids[0]), lang="fr")._repr_html_()
    outline = Outline(text)
    assert outline.tags[0][1]["lang"] == "fr"
    assert not outline.named("style", "html", "body", "h1", "h2")


def test_text_is_a_screen(hostile):
    """No line is wider than a hundred letters, and an explanation has some fifty lines."""
    matching = tm.match(*tm.datasets.sample())
    for school in matching.left.ids[::20]:
        for lang in ("en", "fr"):
            lines = str(matching.explain(str(school), lang=lang)).split("\n")
            assert max(map(len, lines)) <= 100
            assert len(lines) <= 65
            assert lines == [line.rstrip() for line in lines]


def test_everything_can_be_told_in_both_languages():
    """Explanations of every school under every kind of quota have text and HTML in both languages."""
    for seed in (3, 8):
        for _, _, matching, _ in under_quotas(seed):
            for one in told(matching):
                assert str(one)
                Outline(one.to_html())
                assert one.in_("fr").in_("en") == one.in_("en")
                assert str(one.in_("en")) != str(one.in_("fr"))


def test_numbers_in_text_are_those_of_the_values():
    """The pair's points, its shares and each loss stand in the text as they are in the values."""
    _, matching = plain(11)
    for school in matching.left.ids:
        explanation = matching.explain(str(school))
        text = " ".join(str(explanation).split())
        for pair in explanation.pairs:
            assert f"{pair.points:,}" in text
            assert all(f"{share.points:,}" in text for share in pair.shares)
        for option in explanation.next_best:
            assert option.partner.id in text
            if option.loss and not option.leaves_out:
                assert f"\u2212{option.loss:,}" in text


def test_columns_that_say_nothing_are_left_out_of_text():
    """A table's empty columns take no room, and long cells go on below."""
    table = Table("c", ("a", "b", "c"), (("x", "", "word " * 40), ("y", "", "z")), (), foot=("t", "", ""))
    page = Page("en", "T", ("lead",), (Section("s", (table, Paragraph("p"), Items(("one", "two")))),))
    lines = text_of(page).split("\n")
    assert lines[:4] == ["T", "lead", "", "S"]
    assert "  a  c" in lines
    assert lines[-3:] == ["  p", "  - one", "  - two"]
