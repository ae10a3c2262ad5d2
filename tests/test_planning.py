"""The simulation of many workers against slow twins, and the plan that is made of it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks import planning
from benchmarks.planning import law, lines, mean_s, plan, stop_of
from benchmarks.simulation import Network, Run, Stage, arrivals, stage_s, total_s

HERE = Path(planning.__file__).parent
FREE = Network(float("inf"))
RUN = Run(
    left=1000,
    right=5000,
    rounds=4,
    here_s=8.0,
    row_s=0.01,
    spread=0.0,
    plant_s=3.0,
    left_bytes=20.0,
    right_bytes=20.0,
    back=100.0,
    shards_each=2,
    least_shard=1,
)


# -- The simulation ----------------------------------------------------------------------------------------


def total(run, workers, network=FREE, seed=0, **how):
    return total_s(run, workers, network, np.random.default_rng(seed), **how)


def test_one_worker_does_everything_one_after_the_other():
    """Two trees, this machine's seconds, and every left school in every round; whatever the spread."""
    assert total(RUN, 1) == pytest.approx(2 * 3 + 8 + 4 * 1000 * 0.01)
    stage = Stage(1.0, 0, 0, 0, [3.0, 1.0, 4.0, 1.5])
    for on_demand in (False, True):
        assert stage_s(stage, 1, FREE, on_demand=on_demand) == 1 + 9.5


@pytest.mark.parametrize("workers", [2, 5, 40, 500])
def test_equal_shards_are_shared_equally(workers):
    """Without a network, everybody plants two trees and searches an equal part; who gets what is the same."""
    expected = 2 * 3 + 8 + 4 * 1000 * 0.01 / workers
    assert total(RUN, workers) == pytest.approx(expected)
    assert total(RUN, workers, on_demand=True) == pytest.approx(expected)


def test_there_are_no_more_shards_than_schools_for_them():
    """More workers than shards have nothing to do."""
    few = RUN._replace(least_shard=100)
    assert [few.shards(w) for w in (1, 4, 5, 50)] == [2, 8, 10, 10]
    assert total(few, 50) == pytest.approx(3 + 8 + 4 * 100 * 0.01)


def test_a_network_is_paid_for():
    """One worker and one shard: both hops, both ways, and every byte."""
    stage = Stage(2.0, common=100, own=30, back=50, work_s=[7.0])
    assert stage_s(stage, 1, Network(10.0, 0.5, 0.25)) == pytest.approx(2 + 10 + 0.25 + 3 + 0.5 + 7 + 0.5 + 5)
    # What goes to everybody is passed on: after one hop one has it, after two two, after three four.
    slow = Network(1.0)
    ended = arrivals(Stage(0.0, 10, 0, 0, [1.0] * 5), 5, slow)
    assert ended == [11, 21, 31, 31, 41]


def twin(stage, workers, network, on_demand):
    """Return arrivals, tick by tick of a second: whole numbers only."""
    shards = len(stage.work_s)
    has = [(worker.bit_length() + 1) * (network.latency_s + stage.common) for worker in range(workers)]
    asked = [stage.common + (s + 1) * (stage.own + network.call_s) + network.latency_s for s in range(shards)]
    queue = [[s for s in range(shards) if s % workers == w] for w in range(workers)]
    pool, busy, ready = list(range(shards)), [None] * workers, []
    claims = [None] * workers  # the shard that an idle worker waits for
    there, line, clock = [None] * shards, None, 0
    while None in there:
        for w in range(workers):
            if busy[w] is not None and busy[w][1] == clock:
                ready.append((clock, busy[w][0]))
                busy[w] = None
        for w in range(workers):
            if busy[w] is None and clock >= has[w]:
                mine = pool if on_demand else queue[w]
                if claims[w] is None and mine:
                    claims[w] = mine.pop(0)
                if claims[w] is not None and asked[claims[w]] <= clock:
                    busy[w] = (claims[w], clock + stage.work_s[claims[w]])
                    claims[w] = None
        if line is not None and line[1] == clock:
            there[line[0]] = clock
            line = None
        waiting = sorted(one for one in ready if one[0] + network.latency_s <= clock)
        if line is None and waiting:
            ready.remove(waiting[0])
            line = (waiting[0][1], clock + stage.back)
        clock += 1
    return there


@pytest.mark.parametrize("on_demand", [False, True])
def test_events_are_those_of_a_clock(on_demand):
    """Small stages in whole seconds end shard by shard when a loop over all seconds says so."""
    rng = np.random.default_rng(11)
    for _ in range(150):
        shards, workers = int(rng.integers(1, 9)), int(rng.integers(1, 5))
        common, own, latency, call = (int(one) for one in rng.integers(0, 5, 4))
        stage = Stage(0.0, common, own, int(rng.integers(1, 4)), rng.integers(1, 12, shards).tolist())
        network = Network(1.0, latency, call)
        assert arrivals(stage, workers, network, on_demand=on_demand) == twin(
            stage, workers, network, on_demand
        )


def test_spread_costs_and_demand_mends():
    """Shards that vary make everybody wait, the less the more freely they are dealt out; the mean stays."""
    varied = RUN._replace(spread=0.8, plant_s=0.0)
    many = varied._replace(shards_each=8)
    stays, demand = mean_s(many, 10, FREE), mean_s(many, 10, FREE, on_demand=True)
    assert total(varied._replace(spread=0.0), 10) < demand < stays
    drawn = varied.stages(500, np.random.default_rng(1))[1].work_s
    assert np.mean(drawn) == pytest.approx(0.01, rel=0.15)


# -- The plan ----------------------------------------------------------------------------------------------


def test_a_law_is_found_again():
    """Numbers that follow a power give it; one size alone is followed with the power that is taken."""
    factor, power = law([10, 70, 400], [3e-6 * n**1.25 for n in (10, 70, 400)], 1.0)
    assert (factor, power) == (pytest.approx(3e-6), pytest.approx(1.25))
    assert law([50], [100.0], 1.0) == (pytest.approx(2.0), 1.0)


def test_it_stops_where_twice_as_many_save_too_little():
    """The first number of workers from which doubling saves less than a tenth."""
    assert "From 2 workers on" in stop_of({1: 100, 2: 50, 4: 46})
    assert "From 1 worker on" in stop_of({1: 100, 2: 95, 4: 90})
    assert "up to 4 workers" in stop_of({1: 100, 2: 50, 4: 25})


def measured(left, right, rounds=6, places=None, **more):
    """Return a run whose numbers are round."""
    arguments = {"market": "mild", "num_left": left, "num_right": right, "places": places}
    return {
        "recipe": {"arguments": arguments},
        "left": left,
        "right": right,
        "engine": "threads",
        "workers": 1,
        "limit": None,
        "rounds": rounds,
        "rows": rounds * left,
        "listed": 20 * rounds * left,
        "here_s": left * 1e-4,
        "here_processor_s": left * 1e-3,
        "working_s": rounds * left * 3e-5,
        "shard_s": [[left * 1.5e-5] * 2] * rounds,
        "plant_s": [right * 1e-7] * 2,
        "shard_bytes": {"left": 20 * left, "right": 25 * right},
        "back_bytes": 100 * rounds * left,
        **more,
    }


RECORD = {
    "shard": {"bytes_per_left": 10.0, "bytes_per_right": 100.0},
    "executors": [
        measured(1000, 3000),
        measured(10_000, 30_000),
        measured(30_000, 30_000, places=1.05),
        measured(100_000, 100_000, places=1.05, limit="DEADLINE"),
        measured(500, 1500, engine="dask", call_s=0.002),
        {"engine": "dask", "workers": 2, "failure": "not installed"},
        {"engine": "threads", "workers": 1, "failure": "killed"}
        | {"recipe": {"arguments": {"num_left": 300_000, "places": 1.05}}},
        {"engine": "alone", "left": 1000, "right": 3000, "bytes_per_school": 400, "limit": None},
        {"engine": "threads", "workers": 2, "left": 1000, "right": 3000, "limit": None}
        | {"check_pairs": 3_000_000, "check_working_s": 1e-3},
    ],
}


def test_the_plan_follows_what_was_measured():
    """Linear laws end where they should; a run that was stopped and other executors are no measurements."""
    made = plan(RECORD)
    assert [len(made[kind].rows) for kind in ("plenty", "tight")] == [2, 1]
    run = made["plenty"].run
    assert (run.left, run.right, run.rounds, run.spread) == (10**7, 5 * 10**7, 6, 0)
    assert run.here_s == pytest.approx(1000)
    assert run.row_s == pytest.approx(3e-5)
    assert run.plant_s == pytest.approx(5)
    assert (run.left_bytes, run.right_bytes, run.back) == (20, 25, 100)
    assert made["plenty"].share == pytest.approx(1000 / 2800)


def test_the_page_says_what_was_not_run():
    """Sizes without a measurement are rows that say so; the others have their numbers."""
    page = "\n".join(lines(RECORD))
    assert "| plenty | 10,000 | 30,000 | 6 | 20 | 1.0 s | 1.8 s | 36% | 0% |" in page
    assert "| tight | 30,000 | 30,000 | 6 |" in page
    assert "| tight | 100,000 | 100,000 | stopped by time after 6 |" in page
    assert "| tight | 300,000 | 300,000 | killed |" in page
    assert "| tight | 1,000,000 | 1,000,000 | not run yet |" in page
    assert "| each round | prices, to everybody | 200 MB |" in page
    assert "| each round, back | partners, points, numbers, bounds | 1.0 GB |" in page
    assert "| a worker of 1,000 | 2 shards of 5,000 left schools | 10 GB |" in page
    assert "| this machine | 400 a school, as on 1,000 x 3,000 | 24 GB |" in page
    assert "5e14 pairs, at 3.0e9 a second of one core" in page
    empty = "\n".join(lines({}))
    assert empty.count("not run yet") == 3
    assert "## Time" not in empty


def test_every_run_of_the_page_is_one_of_two_markets_or_told_of():
    """The run that nobody has run is explained before the table that has it, with its serial share."""
    page = "\n".join(lines(RECORD))
    before, table = page.split("## Time\n")[1].split("| workers |")[:2]
    names = [name.strip() for name in table.splitlines()[0].strip(" |").split("|")][1:]
    assert names == ["plenty", "tight", "hoped for"]
    assert "*hoped for*: a run that does not exist" in before
    assert f"{planning.HOPED:.0%}" in before


def test_a_quick_run_is_no_plan(tmp_path):
    """It is refused, as by the report."""
    (tmp_path / "scale.json").write_text('{"quick": true}', encoding="utf-8")
    with pytest.raises(SystemExit, match="quick"):
        planning.write(tmp_path, tmp_path)


def test_the_figure_is_drawn_and_the_same_again(tmp_path):
    """It is SVG, and the same numbers give the same bytes."""
    pytest.importorskip("matplotlib")
    (tmp_path / "scale.json").write_text(json.dumps(RECORD), encoding="utf-8")
    first, second = (planning.write(tmp_path, tmp_path / name) for name in "ab")
    assert [one.name for one in first] == ["PLANNING.md", "speedup.svg"]
    ElementTree.parse(first[1])
    assert [one.read_bytes() for one in first] == [one.read_bytes() for one in second]


def test_the_published_plan_is_made_of_the_stored_results():
    """``make results`` has been run since results were stored."""
    stored = HERE / "results" / "scale.json"
    record = json.loads(stored.read_text(encoding="utf-8")) if stored.exists() else {}
    assert "\n".join(lines(record)) + "\n" == (HERE / "PLANNING.md").read_text(encoding="utf-8")
