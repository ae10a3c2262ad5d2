"""The campaign itself: instances are told by numbers, and what is wrong is found and made small."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import twinmatch as tm
from tests.assignment.peers import Asked, by_enumeration
from tests.campaign import arrays, graphs, judges, running, table
from tests.campaign.__main__ import main
from tests.campaign.instances import FAMILIES, draw
from tests.campaign.judges import JUDGES, SKIPPED, Best, by_highs, by_sets


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_is_wrong(family, seed):
    """Each family: the library, its check, brute force and three solvers agree."""
    for number in range(25):
        assert running.problems(draw(seed, family, number)) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_numbers_draw_the_same(family):
    """An instance is told by seed, family and number; another number is another instance."""
    assert str(draw(3, family, 5)) == str(draw(3, family, 5))
    assert len({str(draw(3, family, number)) for number in range(20)}) > 15


@pytest.mark.parametrize("family", FAMILIES)
def test_brute_force_and_two_more_judge(family):
    """Brute force and HiGHS or OR-tools judge every instance but those with points beyond floats."""
    for number in range(20):
        said = draw(0, family, number).answer().said
        judged = {
            name: all(a != SKIPPED for a in judge([q for q, _ in said])) for name, judge in JUDGES.items()
        }
        assert judged["brute force"]
        assert judged["OR-tools"]
        assert judged["HiGHS"] or any(
            np.abs(q.points).max(initial=0) > judges.MOST_IN_FLOATS for q, _ in said
        )


def test_all_sets_are_what_enumeration_finds(seed):
    """Brute force as one matrix has the answers of the one that goes from node to node."""
    for family in ("assign: bounds, locks", "assign: nested quotas", "assign: crossed quotas"):
        for number in range(30):
            asked = draw(seed, family, number).asked
            found = by_sets(asked)
            assert (None if found is None else found.objective) == by_enumeration(asked)


def test_many_questions_in_one_program_are_each_answered(seed):
    """Questions that cannot be do not change what becomes of their neighbours."""
    questions = [draw(seed, "assign: crossed quotas", number).asked for number in range(60)]
    together, alone = by_highs(questions), [by_highs([asked])[0] for asked in questions]
    assert together == alone
    assert None in together


# -- What is wrong is found ---------------------------------------------------------------------------------


def test_a_wrong_answer_is_found_repeated_and_made_small(monkeypatch, capsys):
    """A library that never pairs the last left node: judges see it, and few nodes are left in the end."""
    ask = arrays.hand_over

    def forgetful(asked: Asked, form: str) -> tm.Assignment:
        found = ask(asked, form)
        if found.status is not tm.Status.OPTIMAL or not len(found.taken):
            return found
        lost = int(asked.points[tuple(found.taken[-1])])
        return replace(found, taken=found.taken[:-1], _objective=found.objective - lost)

    monkeypatch.setattr(arrays, "hand_over", forgetful)
    number = next(n for n in range(50) if len(running.problems(draw(0, "assign: matrix", n))) > 3)
    small, wrong = running.shrunk(draw(0, "assign: matrix", number))
    assert small.asked.points.shape == (1, 1)
    assert {"brute force", "OR-tools", "HiGHS", "SciPy"} <= {what.split(":")[0] for what in wrong}
    record = running._run_family(0, "assign: matrix", range(number, number + 1))
    assert record["failed"] == 1
    assert record["judges"]["SciPy"]["disagreements"] == 1
    assert main(["one", "assign: matrix", str(number)]) == 1
    assert "The smallest that is still wrong" in capsys.readouterr().out
    monkeypatch.undo()
    assert main(["one", "assign: matrix", str(number)]) == 0


@pytest.mark.parametrize("family", ["assign: networkx", "match: curves", "match: quotas"])
def test_an_error_is_a_finding(monkeypatch, family):
    """Whatever is raised is written down, and made small like a wrong answer."""

    def fails(*args, **options):
        raise ZeroDivisionError("by nothing")

    for module, name in ((arrays, "hand_over"), (graphs, "solve"), (graphs, "solve_implicit")):
        monkeypatch.setattr(module, name, fails)
    big = draw(0, family, 3)
    small, wrong = running.shrunk(big, seconds=5)
    assert wrong == ["error: ZeroDivisionError: by nothing"]
    assert len(str(small)) <= len(str(big))


def test_graphs_get_smaller_and_keep_their_points(seed):
    """Leaving out a node leaves the points of the others as they are."""
    for family in ("match: most points", "match: curves", "match: quotas"):
        for number in range(4):
            graph = draw(seed, family, number)
            for smaller in graph.smaller():
                assert running.problems(smaller) == []


def test_answers_are_compared():
    """A coverage that a judge leaves open is any; None is no number."""
    assert judges.agree(Best(3, 7), Best(-1, 7))
    assert judges.agree(None, None)
    assert judges.agree(None, SKIPPED)
    for one, other in (
        (Best(3, 7), Best(2, 7)),
        (Best(3, 7), Best(-1, 8)),
        (None, Best(0, 0)),
        (Best(0, 0), None),
    ):
        assert not judges.agree(one, other)


# -- Chunks -------------------------------------------------------------------------------------------------


def small_chunk(seed, chunk):
    """Run a chunk of one instance a family."""
    families = {family: running._run_family(seed, family, range(chunk, chunk + 1)) for family in FAMILIES}
    return {"seed": seed, "chunk": chunk, "source": running.source(), "families": families}


def counted(seed, chunk):
    raise AssertionError("this chunk is done")


def test_a_campaign_that_was_stopped_goes_on(tmp_path, capsys):
    """Chunks on file are not done again; a line that was torn is; the table adds all of them up."""
    path = tmp_path / "chunks.jsonl"
    path.write_text("".join(json.dumps(small_chunk(0, chunk)) + "\n" for chunk in range(2)), encoding="utf-8")
    assert [record["chunk"] for record in running.run(2 * running.CHUNK, 0, 1, tmp_path, task=counted)] == [
        0,
        1,
    ]
    path.write_text(path.read_text()[:-40], encoding="utf-8")
    again = running.run(3 * running.CHUNK, 0, 1, tmp_path, task=small_chunk)
    assert [record["chunk"] for record in again] == [0, 1, 2]
    total = table.summed(again)
    assert total["instances"] == 3 * len(FAMILIES)
    assert total["disagreements"] == total["failed"] == 0
    page = tmp_path / "page.md"
    assert main(["table", str(tmp_path), "--page", str(page)]) == 0
    assert page.read_text(encoding="utf-8") in capsys.readouterr().out
    assert json.loads(page.with_suffix(".json").read_text())["families"] == total["families"]


def test_chunks_hold_every_number_once():
    """Two chunks of a family follow each other."""
    for family in FAMILIES:
        assert running.numbers(0, family).stop == running.numbers(1, family).start > 0
