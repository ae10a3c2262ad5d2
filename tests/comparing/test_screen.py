"""What a comparison looks like on a screen and in a notebook."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations

import twinmatch as tm


def found():
    policy = tm.policies.systematic_twinning()
    return tm.compare({"most points": policy, "near": tm.policies.proximity()}, *tm.datasets.sample())


def test_what_prices_are_measured_against_is_one_sentence():
    """A notebook wraps it where the page ends, a terminal within the width of the table."""
    what = "Prices in coverage and points, and changed partners: against 'most points'."
    comparison = found()
    paragraphs = re.findall(r"<p>(.*?)</p>", comparison._repr_html_())
    assert len(paragraphs) == 1
    assert what.replace("'", "&#x27;") in paragraphs[0]
    lines = str(comparison).splitlines()
    assert what in " ".join(line.strip() for line in lines)
    assert max(map(len, lines)) <= 101


def test_screen_and_notebook_have_the_names_of_the_table():
    """What stands over a column is what the table and the JSON call it."""
    comparison = found()
    names = re.findall(r'scope="col"[^>]*>(.*?)</th>', comparison._repr_html_())[1:]
    rows = comparison.to_dict()["rows"]
    assert {name.replace(" ", "_") for name in names} <= set(rows[0]) == set(comparison.table.columns)
    upper, lower = str(comparison).splitlines()[2:4]
    assert sorted((upper + lower).split()) == sorted(" ".join(names).split())
    assert "points by first" in names
    assert "points" not in names
    assert f"{rows[1]['points_by_first']:,}" in str(comparison)
    assert f"{rows[1]['points']:,}" not in str(comparison)


def test_names_of_neighbours_do_not_overlap():
    """In the picture of a sweep every name can be read."""
    policy = tm.policies.systematic_twinning()

    def capped(share):
        return replace(policy, quotas=[tm.policies.QuotaPer("cap", right=["country"], at_most_share=share)])

    caps = [1.0, 0.225, 0.214, 0.203, 0.192, 0.181, 0.169]
    figure = tm.sweep(policy, *tm.datasets.sample(), over=capped, values=caps).plot()
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == len(caps)
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
