"""What the command line shows is never better than what is true."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinmatch import terminal


@given(st.floats(1e-9, 0.999))
def test_a_gap_is_never_shown_smaller_than_it_is(gap):
    """The percentage shown is at least the gap, and at most a digit more."""
    shown = re.fullmatch(r"(?:at most|less than) ([0-9.]+) % below", terminal._below(gap))
    assert shown
    percent = float(shown[1])
    assert percent >= 100 * gap * (1 - 1e-12)
    assert percent <= max(1e-6, 2 * 100 * gap) * (1 + 1e-9)


@given(st.floats(0, 1))
def test_a_share_is_never_shown_as_everything_unless_it_is(share):
    """Only everything is shown as 100 %."""
    assert (terminal._percent(share) == "100 %") == (share == 1)


@pytest.mark.parametrize("counts", [[], [("IT", 1)], [(f"C{k:02}", 100 - k) for k in range(26)]])
def test_bars_fit(counts):
    """There is a bar for each of the largest countries, and a word about the others."""
    lines = terminal._bars("partners", counts)
    assert len(lines) == min(len(counts), 12) + (len(counts) > 12)
    assert all(len(line) < 80 for line in lines)
    assert all("█" in line or "more countries" in line for line in lines)


@pytest.mark.parametrize("count", [0, 1, 10, 11, 500])
def test_notes_are_ten_lines_and_a_number(count, capsys):
    """However many there are, the first ten are said on stderr, and how many more there are."""
    terminal.tell([f"number {k}" for k in range(count)])
    out, err = capsys.readouterr()
    assert out == ""
    lines = [f"twinmatch: note: number {k}" for k in range(min(count, 10))]
    if count > 10:
        lines.append(f"twinmatch: note: and {count - 10} more")
    assert err.splitlines() == lines


def test_text_reaches_a_terminal_that_cannot_spell_it(capsys, monkeypatch):
    """Bars and ticks become substitutes on a terminal that knows ASCII only, and nothing fails."""
    import io
    import sys

    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    terminal.show("✓ █ 12")
    stream.flush()
    assert stream.buffer.getvalue() == b"? ? 12\n"
