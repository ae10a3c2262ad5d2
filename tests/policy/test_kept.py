"""The criterion for partners of before: against plain rows, in every form the column may have."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twinmatch as tm
from twinmatch.errors import PolicyError

p = tm.policies


def tables(cells, ids=("a", "b", "c;d", "e")):
    """Return a left table with a column of former partners, and a right table."""
    left = pa.table(
        {"id": [f"L{k}" for k in range(len(cells))], "country": ["FR"] * len(cells), "kept_partner": cells}
    )
    right = {"id": list(ids), "country": ["IT"] * len(ids)}
    return tm.Schools.from_frame(left), tm.Schools.from_frame(right)


@given(seed=st.integers(0, 2**32 - 1))
def test_a_pair_of_before_is_worth_the_weight(seed):
    """As text, as text with several ids and as lists: exactly the named pairs get points."""
    rng = np.random.default_rng(seed)
    named = [list(rng.choice(["a", "b", "e", "gone"], int(rng.integers(0, 4)))) for _ in range(6)]
    text = pa.array([";".join(one) if one else None for one in named], pa.string())
    lists = pa.array([[str(x) for x in one] if one or k % 2 else None for k, one in enumerate(named)])
    for cells in (text, lists if any(named) else text):
        left, right = tables(cells)
        said: list[str] = []
        term = p.Kept(70).compile(left, right, said.append)
        points = term.points(np.arange(6)[:, None], np.arange(4)[None, :])
        assert points.tolist() == [[70 if x in one else 0 for x in right.ids] for one in named]
        lost = sum("gone" in one for one in named)
        assert bool(said) == bool(lost)
        if lost:
            assert said == [f"{lost} of 6 left schools had a partner that takes no part any more"]
        assert term.max_points <= 70


def test_an_id_with_a_semicolon_is_one_where_it_stands_alone():
    """A cell that is an id as a whole is not taken apart."""
    left, right = tables(pa.array(["c;d", "a; b", " ", "", None]))
    points = p.Kept(5).compile(left, right).points(np.arange(5)[:, None], np.arange(4)[None, :])
    assert points.tolist() == [[0, 0, 5, 0], [5, 5, 0, 0], [0] * 4, [0] * 4, [0] * 4]


def test_a_table_without_the_column_is_a_fault_unless_welcome():
    """The column is needed, of text or lists of text, unless the criterion is optional."""
    left, right = tables(pa.array([None, "a"]))
    bare = tm.Schools.from_frame(left.table.drop_columns(["kept_partner"]))
    with pytest.raises(PolicyError, match="left column 'kept_partner': is needed by the criterion 'kept'"):
        tm.match(bare, right, tm.Policy(criteria=(p.Kept(5),)))
    assert tm.match(bare, right, tm.Policy(criteria=(p.Kept(5, optional=True),))).objective == 0
    numbers = tm.Schools.from_frame(left.table.set_column(2, "kept_partner", [[1, 2]]))
    with pytest.raises(PolicyError, match="holds int64, not ids"):
        tm.match(numbers, right, tm.Policy(criteria=(p.Kept(5),)))
    for wrong in (p.Kept(0), p.Kept(5, column=""), p.Kept(5, optional=1)):
        assert list(wrong.faults())


def test_last_years_partners_win_where_all_else_is_equal():
    """A matching with the criterion keeps what it can, proves it, and explains it in both languages."""
    left, right = tables(pa.array(["b", "a", "a", None]))
    matching = tm.match(left, right, tm.Policy(criteria=(p.Kept(5),)))
    assert matching.objective == 10
    assert matching.coverage == 4
    assert matching.verify().ok
    pairs = matching.pairs.to_pandas()
    assert pairs.set_index("left_id").right_id["L0"] == "b"
    assert "its partner before" in str(matching.explain("L0"))
    assert "son partenaire précédent" in str(matching.explain("L0", lang="fr"))
    assert "no partner before" in str(matching.explain("L3"))
    loser = pairs[(pairs.points == 0) & (pairs.left_id != "L3")].left_id.iloc[0]
    assert "another partner before: a" in str(matching.explain(loser))
