"""Both languages say the same, and numbers are written as each language writes them."""

from __future__ import annotations

import re
import string

import pytest

import twinmatch as tm
from tests.matching import worlds
from twinmatch.errors import InputError
from twinmatch.reporting.markup import Html, block, table, text
from twinmatch.reporting.words import Words

EN, FR = Words("en"), Words("fr")


def gaps(phrase: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}


def test_both_languages_have_the_same_phrases():
    """Each phrase exists in both languages, with the same gaps."""
    assert EN.phrases.keys() == FR.phrases.keys()
    for key, phrase in EN.phrases.items():
        assert gaps(phrase) == gaps(FR.phrases[key]), key
    assert EN.countries.keys() == FR.countries.keys()


def test_french_is_not_english():
    """Phrases of more than two words differ between the languages."""
    same = [key for key in EN.phrases if EN[key] == FR[key] and len(EN[key].split()) > 2]
    assert same == []


def test_a_third_language_is_refused():
    """A language that nothing is written in is an error that names those there are."""
    with pytest.raises(InputError, match=r"^report: 1 fault(.|\n)*'en' or 'fr', not 'de'"):
        Words("de")


@pytest.mark.parametrize(
    ("value", "english", "french"),
    [(0, "0", "0"), (64541, "64,541", "64\u202f541"), (-1234.4, "\u22121,234", "\u22121\u202f234")],
)
def test_numbers(value, english, french):
    """Thousands are apart, and a minus is a minus."""
    assert (EN.number(value), FR.number(value)) == (english, french)


def test_shares_never_round_to_all_or_nothing():
    """100% is said of all only, and 0% of nothing only."""
    assert [EN.percent(share) for share in (0.0, 1e-9, 0.441, 1 - 1e-9, 1.0)] == [
        "0%",
        "0.1%",
        "44.1%",
        "99.9%",
        "100%",
    ]
    assert FR.percent(0.441) == "44,1\u202f%"
    assert EN.small(0.000034) == "3.4 × 10⁻³%"  # noqa: RUF001 (a multiplication sign is meant)


def test_one_pair_is_no_pairs():
    """One is singular, none and several are plural."""
    assert [EN.pairs(n) for n in (0, 1, 2)] == ["0 pairs", "1 pair", "2 pairs"]


def outcomes():
    """Return matchings that end in every way, under quotas and mechanisms."""
    left, right = tm.datasets.sample()
    yield tm.match(left, right)
    yield tm.match(left, right, deadline=1e-9)
    for name in tm.mechanisms.NAMES:
        mechanism = tm.mechanisms.named(name)
        yield tm.match(left, right, mechanism=mechanism)
    ranks = tm.Policy(criteria=(tm.policies.LevelOverlap(123),))
    yield tm.match(left, right, mechanism=tm.mechanisms.stable(right_policy=ranks))
    for quotas in (worlds.one_quota, worlds.a_floor, worlds.partners, worlds.locks):
        for seed in range(4):
            w = worlds.world(seed)
            asked = quotas(w)[0]
            yield tm.match(w.left, w.right, tm.Policy(worlds.BASE.rules, worlds.BASE.criteria, asked))


def test_every_claim_and_every_mechanism_has_a_phrase():
    """Whatever a certificate claims is said in words, and so is every status, limit and mechanism."""
    seen = set()
    for matching in outcomes():
        seen.add(matching.status)
        assert f"status {matching.status}" in EN.phrases
        assert f"mechanism {matching.mechanism.name}" in EN.phrases
        for claim in matching.verify().claims:
            assert f"claim {claim.name}" in EN.phrases, claim
    assert len(seen) >= 3
    assert {f"limit {limit}" for limit in tm.Limit} <= EN.phrases.keys()


def test_every_kind_of_reason_has_a_phrase():
    """Whatever a school is told is counted under a name."""
    from twinmatch.reporting import tables

    kinds = {kind for matching in outcomes() for kind in tables.column(tables.reasons(matching), "kind")}
    assert len(kinds) >= 2
    for kind in kinds:
        assert f"kind {kind}" in EN.phrases, kind
        assert f"short {kind}" in EN.phrases, kind


def test_text_is_escaped_once():
    """What is text is escaped, what is HTML is not, and attributes cannot be left."""
    assert text("<&>") == "&lt;&amp;&gt;"
    assert text(Html("<b>")) == "<b>"
    assert block("p", "<i>", block("b", "&"), title='"x') == '<p title="&quot;x">&lt;i&gt;<b>&amp;</b></p>'


def test_tables_say_what_their_cells_are():
    """A table has a caption, heads of columns and of rows, and can be reached by keyboard."""
    made = table("All", ["a", "b"], [("x", "1"), ("y", "2")], numbers=[1])
    assert made.count('scope="col"') == made.count('scope="row"') == 2
    assert "<caption>All</caption>" in made
    assert 'tabindex="0"' in made
    assert len(re.findall(r'class="number"', made)) == 3
