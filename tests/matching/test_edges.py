"""What people hand to ``tm.match`` that is empty, written as text, or not a table at all."""

from __future__ import annotations

import pytest

import twinmatch as tm
from twinmatch.errors import InputError

LEFT = tm.Schools.from_frame({"id": ["F1", "F2", "F3"], "country": ["FR"] * 3, "levels": ["1"] * 3})
RIGHT = tm.Schools.from_frame(
    {"id": ["A1", "B7"], "country": ["IT", "DE"], "levels": ["1", "1"], "places": ["2", "1"]}
)


@pytest.mark.parametrize(("left", "right"), [(LEFT, RIGHT.take([])), (LEFT.take([]), RIGHT)])
def test_an_empty_side_is_an_answer(left, right):
    """With nobody on a side nobody is paired, and that is proven."""
    matching = tm.match(left, right)
    assert matching.coverage == 0
    assert len(matching.unmatched) == len(left)
    assert matching.verify().ok


def test_places_written_as_text_are_read():
    """A CSV file knows no numbers: its places are text, and count all the same."""
    assert tm.match(LEFT, RIGHT, right_capacity="places").coverage == 3
    wrong = tm.Schools.from_frame({"id": ["A1"], "country": ["IT"], "levels": ["1"], "places": ["many"]})
    with pytest.raises(InputError, match="holds text that is no number"):
        tm.match(LEFT, wrong, right_capacity="places")


def test_what_is_no_table_and_no_policy_is_refused_at_once():
    """Both faults stand in one error, with what to do."""
    with pytest.raises(InputError) as caught:
        tm.match({"id": ["F1"]}, RIGHT, "policy.toml")  # type: ignore[arg-type]
    assert [fault.where for fault in caught.value.faults] == ["left", "policy"]
