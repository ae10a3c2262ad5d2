"""The page says what the tables say, in order, for everybody, and nothing that it was not meant to."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.matching import worlds
from tests.reporting.cases import HOSTILE, LANGUAGES, impossible, squeezed
from tests.reporting.reading import captioned, number, read, unpacked
from twinmatch import cli
from twinmatch.errors import InputError, MissingExtraError
from twinmatch.reporting import charts, equity, page, tables
from twinmatch.reporting.words import Words

p = tm.policies


@pytest.fixture(params=LANGUAGES)
def told(request):
    """Return a language, its words, and the page of the sample in it."""
    name = "english" if request.param == "en" else "french"
    return Words(request.param), read(request.getfixturevalue(name))


# -- What it says ------------------------------------------------------------------------------------------


def test_the_summary_has_the_numbers_of_the_matching(told, sample):
    """The first screen says how many are paired, how many are not, points and gap."""
    words, root = told
    cards = {card.one("dt").text: card.all("dd") for card in root.one("dl", class_="cards").all("div")}
    big = {name: number(said[0].text) for name, said in cards.items()}
    assert big[words["paired"]] == sample.coverage
    assert big[words["left out"]] == len(sample.left) - sample.coverage
    assert big[words["gap"]] == sample.gap
    assert big[words["mean points"]] == round(sample.points / len(sample.pairs))
    countries = set(tables.column(tables.partners_by_country(sample), "country"))
    assert big[words["countries"]] == len(countries)
    assert str(sample.status) in root.one("section", id="summary").text


def test_every_claim_of_the_certificate_is_there(told, sample):
    """The table of claims has a row for each, in order, and all hold."""
    words, root = told
    rows = captioned(root, words["claim table"])
    claims = sample.verify().claims
    assert len(rows) == len(claims)
    assert all(words["holds"] in verdict for _, verdict in rows)
    said = " ".join(text for text, _ in rows)
    assert words.number(sample.objective) in said
    assert words.number(sample.coverage_bound) in said


def test_figures_have_the_numbers_of_their_tables(told, sample):
    """What stands in the tables of the page is what the data functions return."""
    words, root = told
    by_country = captioned(root, words["by country"])
    for said, row in zip(by_country, tables.records(tables.partners_by_country(sample)), strict=True):
        assert said[0] == words.country(row["country"])
        assert [number(one) for one in (said[1], said[3])] == [row["pairs"], row["places"]]
        assert number(said[2]) == pytest.approx(100 * row["share"], abs=0.05)
    parts = Counter()
    for row in tables.records(tables.partners_by_academie(sample)):
        parts[row["academie"]] += row["pairs"]
    title = words.say("by academie", origin=words["origin academie"])
    by_academie = {said[0]: number(said[1]) for said in captioned(root, title)}
    assert by_academie == dict(parts)
    bars = captioned(root, words["distribution"])
    wanted = [
        (row["low"], row["high"], row["pairs"]) for row in tables.records(tables.points_distribution(sample))
    ]
    assert [tuple(map(number, said)) for said in bars] == wanted
    groups = captioned(root, words["equity"])
    for said, row in zip(groups, tables.records(equity.groups(sample)), strict=True):
        assert [number(said[1]), number(said[2])] == [row["schools"], row["covered"]]
        assert number(said[4]) == round(row["points_mean"])
        assert number(said[6]) == round(row["points_median"])
    for said, row in zip(
        captioned(root, words["gaps"]), tables.records(equity.group_gaps(sample)), strict=True
    ):
        assert said[0] == words[f"gap {row['kind']}"]
        assert number(said[2]) == round(row["points_median"])


def test_the_packed_table_is_everyone(told, sample):
    """What is packed for the search is the table of everyone, value by value."""
    words, root = told
    content = unpacked(root)
    rows = tables.records(tables.everyone(sample))
    assert content["rows"] == len(rows)
    for name, lines in content["columns"].items():
        assert lines.split("\n") == [row[name] for row in rows]
    points = [list(map(int, lines.split("\n"))) for lines in content["points"]]
    assert np.sum(points, axis=0).tolist() == [row["points"] for row in rows]
    assert content["countries"]["IT"] == words.country("IT")


def test_the_notice_is_that_of_the_matching(told, sample):
    """The legal notice stands in the page, part by part."""
    words, root = told
    method = root.one("section", id="method")
    notice = sample.notice(words.lang).page()
    assert [one.text for one in method.all("h4")] == [
        " ".join(part.title.split()) for part in notice.sections
    ]
    assert sample.seal in method.text
    assert all(print_ in method.text for print_ in sample.fingerprints)


# -- For everybody -----------------------------------------------------------------------------------------


def test_headings_are_in_order(told):
    """There is one h1, and no level is left out on the way down."""
    _, root = told
    levels = [int(head.tag[1]) for head in root.all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))


def test_every_figure_has_words(told):
    """Each picture has an alt text with numbers, and each figure a caption."""
    _words, root = told
    pictures = root.all("img")
    assert len(pictures) == 6
    for one in pictures:
        assert len(one["alt"]) > 40
        assert re.search(r"\d", one["alt"])
        assert one["src"].startswith("data:image/")
    assert all(one.all("figcaption")[0].text for one in root.all("figure"))


def test_tables_can_be_heard(told):
    """Each table has a caption, and each head says what it heads."""
    _, root = told
    for one in root.all("table"):
        assert one.all("caption")[0].text
        assert all(head.get("scope") in ("col", "row") for head in one.all("th"))


def test_languages_landmarks_and_names(told):
    """The page says its language, can be skipped into, and every control and link has a name and a target."""
    words, root = told
    assert root.one("html")["lang"] == words.lang
    ids = [one["id"] for one in root.all() if one.get("id")]
    assert len(ids) == len(set(ids))
    assert root.one("a", class_="skip")["href"] == "#summary"
    for link in root.all("a"):
        assert link.text
        assert link["href"].removeprefix("#") in ids
    assert root.one("label")["for"] == root.one("input")["id"]
    assert all(button.text for button in root.all("button"))
    assert len(root.all("main")) == len(root.all("header")) == len(root.all("title")) == 1
    assert "initial-scale=1" in root.one("meta", name="viewport")["content"]
    assert root.one("noscript").text == words["noscript"]


def luminance(colour):
    parts = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast(english):
    """Text has 4.5:1 on every ground that it stands on, and colours of figures 3:1."""
    from twinmatch.reporting import palette

    colour = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", english))
    for ground in ("#ffffff", colour["soft"], "#eef6f0", "#fdf5e8", "#fbeeef"):
        for text in ("ink", "quiet", "blue", "good", "bad"):
            assert contrast(colour[text], ground) >= 4.5, (text, ground)
    for one in (palette.INK, palette.QUIET):
        assert contrast(one, "#ffffff") >= 4.5
    used = palette.colours([str(k) for k in range(12)])
    assert len(set(used.values())) == 9
    for one in (*used.values(), palette.LEFT):
        assert contrast(one, "#ffffff") >= 3


# -- Nothing from elsewhere --------------------------------------------------------------------------------


def test_nothing_is_fetched(told):
    """Every address in the page is in the page."""
    _, root = told
    for one in root.all():
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            value = one.get(name)
            assert value is None or value.startswith(("data:", "#")), (one.tag, value)
        assert not [name for name in one.attributes if name.startswith("on")]
    style = root.one("style").text
    assert "url(" not in style
    assert "@import" not in style


def test_only_its_own_script_may_run(told):
    """The policy in the head allows the one script of the page, by its digest, and no address."""
    _, root = told
    (policy,) = (one["content"] for one in root.all("meta") if one.get("http-equiv"))
    (script,) = (one for one in root.all("script") if one.get("type") is None)
    digest = base64.b64encode(hashlib.sha256("".join(script._texts()).encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "http" not in policy


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("lang", LANGUAGES)
def test_hostile_names_are_text(lang):
    """A name that is HTML stays a name: no element, no attribute and no script comes of it."""
    plain = page(squeezed([f"name {k}" for k in range(len(HOSTILE))]), lang=lang)
    hostile = page(squeezed(), lang=lang)
    tags = [[(one.tag, sorted(one.attributes)) for one in read(text).all()] for text in (plain, hostile)]
    assert tags[0] == tags[1]
    assert 'document.title="taken"' not in re.sub(r"<script.*?</script>", "", hostile, flags=re.DOTALL)
    root = read(hostile)
    alone = captioned(root, Words(lang)["unmatched list"])
    assert any(HOSTILE[2].split()[0] in said[0] for said in alone) or len(alone) == 3
    names = unpacked(root)["columns"]["left_name"].split("\n")
    assert len(names) == len(HOSTILE)
    assert names[0] == HOSTILE[0]
    assert names[3] == " ".join(HOSTILE[3].split())


@pytest.mark.usefixtures("undrawn")
def test_hostile_quotas_and_criteria_are_text():
    """Names that a policy gives are text in quotas, in the notice and in the witness."""
    nasty = '<svg onload="x">'
    quota = p.Quota(nasty, at_most=100, right={"country": ["IT"]})
    policy = tm.Policy((p.CommonLevel(),), (p.LevelOverlap(100, name=nasty),), (quota,))
    text = page(tm.match(*tm.datasets.sample(), policy))
    assert nasty not in text
    assert "&lt;svg onload" in text
    assert "half &lt;of&gt; them &amp; more" in page(impossible())


# -- The file ----------------------------------------------------------------------------------------------


def test_the_same_matching_gives_the_same_bytes(english):
    """A page does not depend on the process, on the hash seed, on threads, or on the time."""
    code = (
        "import sys, twinmatch as tm\n"
        "from twinmatch.reporting import page\n"
        "m = tm.match(*tm.datasets.sample(), threads=1)\n"
        "sys.stdout.buffer.write(page(m).encode())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )
    assert done.stdout.decode() == english


def test_a_report_is_written_in_one_step(sample, tmp_path, english):
    """Folders are made, an older file is replaced, and nothing else is left behind."""
    target = tmp_path / "new" / "twins.html"
    assert sample.report(target) == target
    assert target.read_text(encoding="utf-8") == english
    assert sample.report(str(target), lang="fr") == target
    assert 'lang="fr"' in target.read_text(encoding="utf-8")
    assert [one.name for one in target.parent.iterdir()] == ["twins.html"]


def test_a_wrong_language_is_refused(sample, tmp_path):
    """The error names the languages, and no file is made."""
    with pytest.raises(InputError, match=r"must be .en. or .fr., not .de."):
        sample.report(tmp_path / "x.html", lang="de")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("missing", ["altair", "vl_convert", "matplotlib"])
def test_what_is_missing_is_said_with_what_to_install(sample, tmp_path, monkeypatch, missing):
    """Without what draws there is one error, with the line that installs it, and no file."""
    for name in [one for one in sys.modules if one.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(tm.matching.Matching, "verify", lambda matching: pytest.fail("work before the error"))
    monkeypatch.delitem(sample.__dict__, "last_certificate", raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install 'twinmatch\[report\]'"):
        sample.report(tmp_path / "x.html")
    assert not list(tmp_path.iterdir())


def test_the_impossible_needs_nothing_that_draws(tmp_path, monkeypatch):
    """A report without figures is written where nothing that draws is installed."""
    for missing in ("altair", "matplotlib"):
        monkeypatch.setitem(sys.modules, missing, None)
    assert impossible().report(tmp_path / "x.html").exists()


def test_the_package_draws_only_when_asked():
    """To import twinmatch, and to match, loads neither matplotlib nor altair."""
    code = (
        "import sys, twinmatch as tm\n"
        "tm.match(*tm.datasets.sample()).report\n"
        "import twinmatch.reporting\n"
        "assert not {'matplotlib', 'altair', 'vl_convert'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.usefixtures("undrawn")
def test_the_command_writes_a_page(sample, tmp_path, capsys):
    """``twinmatch report`` checks, writes into the folder or where it is told, and prints where."""
    sample.save(tmp_path / "twins")
    assert cli.main(["report", str(tmp_path / "twins")]) == cli.Exit.DONE
    target = tmp_path / "twins" / "report.html"
    assert capsys.readouterr().out == f"{target}\n"
    assert 'lang="en"' in target.read_text(encoding="utf-8")
    other = tmp_path / "elsewhere" / "twins.html"
    assert cli.main(["report", str(tmp_path / "twins"), "--out", str(other), "--lang", "fr"]) == 0
    assert 'lang="fr"' in other.read_text(encoding="utf-8")
    assert cli.main(["report", str(tmp_path / "nothing")]) == cli.Exit.BAD_INPUT


@pytest.mark.usefixtures("undrawn")
def test_the_command_says_when_a_proof_is_refused(sample, tmp_path, capsys):
    """A folder that was changed gets a report that says so, and exit code 1."""
    replace(sample, objective=sample.objective - 1).save(tmp_path / "twins")
    assert cli.main(["report", str(tmp_path / "twins")]) == cli.Exit.REFUSED
    assert "refused" in capsys.readouterr().err


def test_charts_are_drawn_without_a_script(sample):
    """A chart is an SVG picture with the numbers in its text."""
    rows = tables.records(tables.partners_by_country(sample))
    drawn = charts.svg(charts.by_country(rows, Words("en")))
    assert drawn.startswith("<svg")
    assert "<script" not in drawn
    for row in rows:
        assert f"{row['pairs']} · " in drawn


def test_worlds_of_every_kind_have_a_report(undrawn):
    """Matchings under quotas, locks and numbers of partners have a page, whatever their status."""
    seen = set()
    for quotas in (worlds.one_quota, worlds.a_floor, worlds.floors_in_floors, worlds.partners, worlds.locks):
        w = worlds.world(3)
        policy = tm.Policy(worlds.BASE.rules, worlds.BASE.criteria, quotas(w)[0])
        matching = tm.match(w.left, w.right, policy)
        seen.add(matching.status)
        for lang in LANGUAGES:
            assert read(page(matching, lang=lang)).one("h1").text
    assert "OPTIMAL" in seen
