"""What a comparison looks like on a screen and in a notebook."""

from __future__ import annotations

import re

import twinmatch as tm


def found():
    policy = tm.policies.systematic_twinning()
    return tm.compare({"most points": policy, "near": tm.policies.proximity()}, *tm.datasets.sample())


def test_what_prices_are_measured_against_is_one_sentence():
    """A notebook wraps it where the page ends, a terminal within the width of the table."""
    what = "Fewer schools, price in points, changed partners: against 'most points'."
    comparison = found()
    paragraphs = re.findall(r"<p>(.*?)</p>", comparison._repr_html_())
    assert len(paragraphs) == 1
    assert what.replace("'", "&#x27;") in paragraphs[0]
    lines = str(comparison).splitlines()
    assert what in " ".join(line.strip() for line in lines)
    assert max(map(len, lines)) <= 101
