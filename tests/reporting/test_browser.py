"""Reports in a real browser: no complaint, no request, a search that finds; on desk, phone and paper."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from PIL import Image

import twinmatch as tm
from tests.reporting.chromium import tab
from tests.reporting.test_page import HOSTILE, impossible, squeezed
from twinmatch.reporting import tables
from twinmatch.reporting.words import Words

pytestmark = pytest.mark.browser

READY = "document.getElementById('finder').dataset.ready === 'yes'"
ROWS = "[...document.querySelectorAll('#rows tr')].map(row => row.innerText)"
FOUND = "document.getElementById('found').textContent"
PHONE, DESK = (390, 844), (1280, 800)


@pytest.fixture(scope="module")
def browser():
    with tab() as opened:
        yield opened


@pytest.fixture(scope="module")
def pages(sample, english, french, tmp_path_factory):
    """Return the files of all kinds of reports."""
    folder = tmp_path_factory.mktemp("pages")
    files = {name: folder / f"{name}.html" for name in ("en", "fr", "impossible", "hostile")}
    files["en"].write_text(english, encoding="utf-8")
    files["fr"].write_text(french, encoding="utf-8")
    impossible().report(files["impossible"])
    squeezed().report(files["hostile"], lang="fr")
    return files


@pytest.fixture
def opened(browser, pages):
    """Return what opens one of the pages, ready to be searched."""

    def open_one(name, size=DESK, *, phone=False):
        browser.events.clear()
        browser.size(*size, phone=phone)
        browser.open(pages[name])
        if name != "impossible":
            browser.wait_for(READY)
        return browser

    return open_one


def search(page, words, text):
    """Type into the box as a person would, wait, and return the rows and how many were found."""
    page.run("document.getElementById('query').value = ''; document.getElementById('query').focus()")
    page.type(text)
    page.wait_for(f"document.getElementById('finder').dataset.searched === {text!r}")
    return page.run(ROWS), page.run(FOUND)


@pytest.mark.parametrize("size", [DESK, PHONE, (320, 700), (768, 1024)])
@pytest.mark.parametrize("name", ["en", "fr", "impossible", "hostile"])
def test_a_page_opens_without_complaint(opened, name, size):
    """Nothing is logged, asked of a network, or wider than the window; pictures are there."""
    page = opened(name, size, phone=size[0] < 600)
    assert page.complaints() == []
    assert page.requests() == []
    assert page.run("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    broken = "[...document.images].filter(one => !(one.complete && one.naturalWidth > 100)).length"
    assert page.run(broken) == 0
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
    assert shot.shape[1] == size[0] * (2 if size[0] < 600 else 1)
    assert 0.005 < (shot < 128).mean() < 0.6


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_a_search_finds_the_right_rows(opened, sample, lang):
    """Each word narrows the search; rows and their number are those of the table of everyone."""
    page, words = opened(lang), Words(lang)
    rows = tables.records(tables.everyone(sample))
    assert page.run(FOUND) == words.say("found", n=len(rows), all=len(rows))
    one = rows[57]
    shown, found = search(page, words, one["left_id"])
    assert found == words.say("found", n=1, all=len(rows))
    (text,) = shown
    for value in (one["left_name"], one["left_city"], one["right_id"], one["right_name"]):
        assert value in text
    assert words.country(one["country"]) in text
    assert words.number(one["points"]) in text

    _, found = search(page, words, words.country("SE").upper())
    counted = sum(row["country"] == "SE" for row in rows)
    assert found == words.say("found", n=counted, all=len(rows))

    _, found = search(page, words, one["left_city"].lower()[:6] + " " + one["right_id"])
    assert found == words.say("found", n=1, all=len(rows))

    shown, found = search(page, words, "no such school anywhere")
    assert shown == []
    assert words["found none"] in found


def test_accents_and_case_do_not_matter(opened):
    """A school is found by its name without accents, in any case."""
    page, words = opened("en"), Words("en")
    _, with_accents = search(page, words, "école")
    _, without = search(page, words, "ECOLE")
    assert with_accents == without
    assert not with_accents.startswith("0 ")


def test_pages_turn_by_keyboard(opened, sample):
    """Enter on the button shows the next rows, and goes on to the last and back."""
    page = opened("en")
    first = page.run(ROWS)
    assert len(first) == 20
    page.run("document.getElementById('next').focus()")
    page.press("Enter", 13, "\r")
    page.wait_for("document.getElementById('page').textContent.startsWith('Page 2 ')")
    assert page.run(ROWS) != first
    ids = [row["left_id"] for row in tables.records(tables.everyone(sample))]
    assert ids[20] in page.run(ROWS)[0]
    for _ in range(20):
        page.run("document.getElementById('next').click()")
    assert page.run("document.getElementById('next').disabled")
    assert ids[-1] in page.run(ROWS)[-1]
    page.run("document.getElementById('previous').click()")
    assert not page.run("document.getElementById('next').disabled")


def test_the_search_is_reached_with_the_tab_key(opened):
    """From the top, the skip link comes first, and the box is on the way."""
    page = opened("en")
    seen = []
    for _ in range(80):
        page.press("Tab", 9)
        seen.append(page.run("document.activeElement.id || document.activeElement.className"))
    assert seen[0] == "skip"
    assert {"query", "next", "download"} <= set(seen)


def test_heads_sort(opened, sample):
    """A click on Points puts the most first, a second one the least, and it is said so."""
    page = opened("en")
    points = sorted(row["points"] for row in tables.records(tables.everyone(sample)))
    words = Words("en")
    button = "document.querySelector('[data-sort=points]')"
    for order, first in (("descending", points[-1]), ("ascending", points[0])):
        page.run(f"{button}.click()")
        assert page.run(f"{button}.closest('th').getAttribute('aria-sort')") == order
        assert words.number(first) in page.run(ROWS)[0]


def test_points_unfold_to_their_criteria(opened, sample):
    """The points of a pair open to those of each criterion, which add up."""
    page = opened("en")
    parts = page.run(
        "[...document.querySelector('#rows details').querySelectorAll('dd')].map(d => d.textContent)"
    )
    total = page.run("document.querySelector('#rows summary').textContent")
    assert len(parts) == len(sample.policy.criteria)
    assert sum(int(part.replace(",", "")) for part in parts) == int(total.replace(",", ""))


def test_hostile_names_do_nothing(opened):
    """Names that are HTML are shown as they are written, and formulas do not reach a spreadsheet."""
    page, words = opened("hostile"), Words("fr")
    title = page.run("document.title")
    shown = " ".join(page.run(ROWS))
    assert HOSTILE[0] in shown
    assert HOSTILE[1] in shown
    search(page, words, "onerror")
    assert page.run("document.title") == title
    assert page.run("document.querySelectorAll('main img:not([alt]), #rows script, #rows img').length") == 0
    assert page.complaints() == []
    search(page, words, "cmd")
    page.run(
        "window.kept = []; const make = URL.createObjectURL; "
        "URL.createObjectURL = (blob) => { window.kept.push(blob); return make(blob); }; "
        "HTMLAnchorElement.prototype.click = () => {}; document.getElementById('download').click()"
    )
    text = page.run("window.kept[0].text()")
    assert text.splitlines()[0].lstrip("\ufeff").startswith("left_id,left_name")
    assert '"\'=cmd()"' in text
    assert re.search(r'(?:^|,)"?=', text, re.MULTILINE) is None


def test_without_javascript_everything_else_is_there(opened, browser, pages):
    """With scripts switched off the figures are shown, and the page says what is missing."""
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(pages["en"])
        said = browser.ask("DOM.getDocument", depth=-1)
        assert said
        shot = browser.screenshot(whole=True)
    finally:
        browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    assert np.asarray(Image.open(io.BytesIO(shot)).convert("L")).std() > 10


def test_a_page_prints(opened):
    """On paper there are a few pages, and the table is told of instead of shown."""
    page = opened("en")
    printed = page.pdf()
    assert printed.startswith(b"%PDF-")
    assert len(printed) > 50_000
    assert 4 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 14
    page.ask("Emulation.setEmulatedMedia", media="print")
    try:
        hidden = "getComputedStyle(document.getElementById('finder')).display"
        assert page.run(hidden) == "none"
        assert page.run("getComputedStyle(document.querySelector('.paper')).display") == "block"
        assert page.run("document.querySelector('#summary .cards').getBoundingClientRect().height") > 50
    finally:
        page.ask("Emulation.setEmulatedMedia", media="")


def test_a_script_that_is_not_ours_does_not_run(opened, pages, browser, tmp_path, english):
    """The policy of the page stops other scripts and other addresses, should any get in."""
    added = '<script>document.title="taken"</script><img src="https://example.invalid/x.png"></main>'
    bad = tmp_path / "bad.html"
    bad.write_text(english.replace("</main>", added), encoding="utf-8")
    browser.events.clear()
    browser.open(bad)
    browser.wait_for(READY)
    assert browser.run("document.title") != "taken"
    assert len(browser.complaints()) >= 2


def test_the_size_of_a_page_is_bounded(sample, pages):
    """A page of the sample is far below what a national one may be."""
    assert pages["en"].stat().st_size < 600_000
    assert isinstance(sample, tm.matching.Matching)
