"""The page of all states: what it says, where it leads, and what it must not say."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

import pytest

import twinmatch as tm
from tests.europe.worlds import frame, schools
from tests.reporting.chromium import tab
from tests.reporting.reading import cells, number, read
from twinmatch.errors import InputError
from twinmatch.europe import one
from twinmatch.europe.page import page
from twinmatch.reporting import charts, maps
from twinmatch.reporting.palette import INK, shade
from twinmatch.reporting.words import Words

LANGUAGES = ("en", "fr")
#: So many columns of the table of states are numbers, and more follow.
NUMBERS = ("schools", "paired", None, "left_out", "mean_points", None)


@pytest.fixture(scope="module")
def found():
    return tm.match_states(tm.datasets.sample())


@pytest.fixture(params=LANGUAGES)
def told(request, found, tmp_path):
    """Return words, and the page of the sample in their language."""
    path = found.report(tmp_path / "deep" / "report.html", lang=request.param)
    return Words(request.param), read(path.read_text(encoding="utf-8"))


def test_the_table_has_the_numbers_of_the_rows(told, found):
    """A line for each state, in order, with its numbers and its verdict."""
    words, root = told
    lines = cells(root.one("table", class_="states"))
    assert len(lines) == len(found.rows) == 7
    for line, row in zip(lines, found.rows, strict=True):
        assert line[0] == words.country(row["state"])
        for k, name in enumerate(NUMBERS, 1):
            if name is not None:
                assert number(line[k]) == round(row[name])
        assert words["europe status OPTIMAL"] in line[7]
        assert words["holds"] in line[8]


def test_the_matrix_has_the_pairs(told, found):
    """Every cell is the number of pairs of two states, the own one is empty, sums add up."""
    root = told[1]
    heat = root.one("table", class_="heat")
    states = [one.text for one in heat.one("thead").all("abbr")]
    lines, foot = cells(heat), [one.text for one in heat.one("tfoot").all("th", "td")]
    assert states == sorted(found.pairs)
    for line, row in zip(lines, found.rows, strict=True):
        counts = found.pairs[row["state"]]
        for state, cell in zip(states, line[1:-1], strict=True):
            assert cell == "\N{EN DASH}" if state == row["state"] else number(cell) == counts[state]
        assert number(line[-1]) == row["pairs"] == sum(counts.values())
    assert number(foot[-1]) == sum(row["pairs"] for row in found.rows)
    for k, state in enumerate(states, 1):
        assert number(foot[k]) == sum(counts.get(state, 0) for counts in found.pairs.values())


def test_the_page_says_what_both_ways_means(told, found):
    """Places count anew, pairs found twice are counted, states without schools are named."""
    words, root = told
    said = root.one("section", id="ways").text
    assert words["europe ways anew"] in said
    assert words.number(found.mutual) in said
    for state in found.without_schools:
        assert words.country(state) in said
    times = {number(a): number(b) for a, b in cells(root.one("section", id="ways").one("table"))}
    assert times == dict(found.partnerships)


def test_the_page_is_complete_in_itself(told):
    """No script, no picture, nothing to fetch; one heading of the first level; links lead to sections."""
    _, root = told
    assert root.all("script", "img", "iframe") == []
    rule = root.one("meta", **{"http-equiv": "Content-Security-Policy"})["content"]
    assert "default-src 'none'" in rule
    assert "script-src 'none'" in rule
    assert len(root.all("h1")) == 1
    ids = {one.get("id") for one in root.all("section")}
    assert {one["href"].removeprefix("#") for one in root.one("nav").all("a")} == ids


def test_links_lead_to_the_pages_of_states(tmp_path, monkeypatch):
    """Links are seen from where the page is; without pages there are none; one of before does not stay."""
    monkeypatch.setattr(charts, "svg", lambda chart: "<svg/>")
    monkeypatch.setattr(maps, "image", lambda matching, lang: (b"", (1600, 1600)))
    home, table = tmp_path / "a b", tm.datasets.sample()
    found = tm.match_states(table, directory=home, states=["NL", "SE"], pages="fr")
    for target in (home / "report.html", tmp_path / "elsewhere" / "all.html"):
        root = read(found.report(target).read_text(encoding="utf-8"))
        links = [unquote(a["href"]) for a in root.one("table", class_="states").all("a")]
        assert [(target.parent / link).resolve() for link in links] == [
            home / state / "report.html" for state in ("NL", "SE")
        ]
        assert all((target.parent / link).is_file() for link in links)
    seal = found.matching("SE").seal
    assert seal in (home / "SE" / "report.html").read_text(encoding="utf-8")
    # Kept with what it has; in another language it is written again; of another matching it goes.
    kept = tm.match_states(table, directory=home, states=["NL", "SE"])
    assert kept.rows[1]["page"] == "SE/report.html"
    tm.match_states(table, directory=home, states=["NL", "SE"], pages="en")
    assert '<html lang="en">' in (home / "SE" / "report.html").read_text(encoding="utf-8")[:100]
    other = tm.match_states(table, tm.policies.proximity(), directory=home, states=["NL", "SE"])
    assert other.rows[1]["page"] is None
    assert not (home / "SE" / "report.html").exists()
    assert (
        read(other.report(home / "report.html").read_text("utf-8")).one("section", id="states").all("a") == []
    )


def test_no_time_is_in_the_page(found, tmp_path):
    """The same matchings give the same bytes, however long they took."""
    slower = [row | {"seconds": 1234.5, "kept": not row["kept"]} for row in found.rows]
    other = replace(found, rows=tuple(slower), seconds=99.0)
    assert page(found, tmp_path) == page(other, tmp_path)


def test_a_refused_result_is_not_shown(monkeypatch, tmp_path):
    """Of a refused state the page has its name, its schools and the verdict; nothing of it is added up."""
    honest = one.match

    def lying(left, right, policy, **options):
        made = honest(left, right, policy, **options)
        if left.strings("country")[0] == "FR":
            object.__setattr__(made, "coverage", made.coverage + 1)
        return made

    monkeypatch.setattr(one, "match", lying)
    found = tm.match_states(tm.Schools.from_frame(frame(31)))
    words, root = Words("en"), read(page(found, tmp_path))
    line = next(one for one in cells(root.one("table", class_="states")) if one[0] == "France")
    assert line[2:7] == ["\N{EN DASH}"] * 5
    assert words["refused"] in line[8]
    assert "France" in root.one("section", id="summary").text
    assert "status none" in root.one("section", id="summary").one("p", class_="status none")["class"]
    assert "France" not in [one[0] for one in cells(root.one("table", class_="heat"))]
    big = [number(one.text) for one in root.all("dd", class_="big")]
    assert big[1] == sum(row["paired"] for row in found.rows if row["state"] != "FR")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_states_without_a_result(lang, tmp_path):
    """An impossible state says why, one that was not reached is named; without pairs there is no matrix."""
    table = schools([("F", "FR", "1"), ("I", "IT", "1"), ("R", "RO", "1")])
    floor = tm.policies.Quota("two <Italians>", right={"country": ["IT"]}, at_least=2)
    policy = tm.Policy((tm.policies.CommonLevel(),), (tm.policies.LevelOverlap(10),), (floor,))
    words = Words(lang)
    root = read(page(tm.match_states(table, policy, states=["FR"]), tmp_path, lang=lang))
    assert "two <Italians>" in root.one("section", id="states").text
    assert root.all("section", id="matrix") == []
    late = read(page(tm.match_states(table, deadline=0), tmp_path, lang=lang))
    lines = cells(late.one("table", class_="states"))
    assert all(words["europe status NO_SOLUTION"] in line[7] for line in lines)
    assert words["limit DEADLINE"] in late.text


def test_another_language_is_refused(found, tmp_path):
    """A page in a language that nothing is written in is an error, and no file."""
    with pytest.raises(InputError, match="'de'"):
        found.report(tmp_path / "report.html", lang="de")
    assert list(tmp_path.iterdir()) == []


def test_text_can_be_read_on_every_shade():
    """The contrast is 4.5:1 at least, and a larger share is darker."""

    def light(colour: str) -> float:
        parts = [value / 255 for value in bytes.fromhex(colour[1:])]
        red, green, blue = (v / 12.92 if v <= 0.04 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    found = [light(shade(k / 50)) for k in range(51)]
    assert found == sorted(found, reverse=True)
    assert shade(0) == "#ffffff"
    assert (found[-1] + 0.05) / (light(INK) + 0.05) >= 4.5


@pytest.mark.browser
@pytest.mark.parametrize("size", [(1280, 800), (390, 844), (320, 700)])
def test_the_page_opens_in_a_browser(tmp_path, size):
    """Nothing is logged, asked of a network, or wider than the window, for twenty-seven states too."""
    states = tuple(sorted(tm.policy.countries.members(tm.policy.countries.MEMBERS_AS_OF)))
    found = tm.match_states(tm.Schools.from_frame(frame(32, 400, states)))
    path = found.report(tmp_path / "report.html", lang="fr")
    with tab() as opened:
        opened.size(*size, phone=size[0] < 600)
        opened.open(path)
        assert opened.complaints() == []
        assert opened.requests() == []
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert opened.run(wide) <= 0
        assert "27" in opened.run("document.querySelector('.cards .big').textContent")
