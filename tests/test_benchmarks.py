"""Benchmarks run, what they print is proven, and what was published can be checked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks import optima, planning, report
from benchmarks import scale as far_out
from benchmarks.__main__ import compare_with_free, exponent, record_of
from benchmarks.instances import Instance, digest
from benchmarks.peers import PEERS
from benchmarks.plan import BENCHMARKS, Case, cases
from benchmarks.process import Ended
from benchmarks.runs import beside, measured, run
from benchmarks.titles import TITLES
from tests.benchmarked import LISTS, MARKET, MATRIX, QUOTAS, TIGHT
from twinmatch.errors import NoSolutionError

HERE = Path(report.__file__).parent
KEYS = {
    *("instance", "pairs", "scan_s", "scan_rate", "phases_s", "solve_s", "solve_over_scan", "relative_gap"),
    *("objective", "peak_mb", "peers", "recipe", "sha256", "trajectory", "status"),
}


# -- Our side ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("instance", [MARKET, TIGHT, LISTS, MATRIX, *QUOTAS], ids=lambda one: one.name)
def test_a_measured_run_is_proven_and_complete(instance):
    """A run ends with gap 0, its phases fit into its time, and its gap falls to what it ends with."""
    record = measured(instance)
    assert (record["status"], record["relative_gap"]) == ("OPTIMAL", 0)
    assert record["bound"] == record["objective"]
    assert sum(record["phases_s"].values()) <= record["solve_s"] + 0.01 * len(record["phases_s"])
    assert record["trajectory"][-1][1] == 0
    times = [at for at, _ in record["trajectory"]]
    assert times == sorted(times)
    assert json.loads(json.dumps(record))["recipe"] == instance.recipe


def test_every_run_is_a_process_of_its_own():
    """What this process holds does not count as the run's memory; every figure is there, a peer's too."""
    ballast = np.ones(6 * 10**7)  # 480 MB
    record = run(Case(MARKET, {"composition": 60, "highs": 1e-5}))
    assert record.keys() >= KEYS
    assert 10 < record["peak_mb"] < 400 < ballast.nbytes / 1e6
    first, second = record["peers"]
    assert first.keys() == {"name", "version", "solve_s", "ratio", "objective", "peak_mb", "note"}
    assert first["objective"] == record["objective"]
    assert first["ratio"] == pytest.approx(first["solve_s"] / record["solve_s"], abs=0.01)
    assert second["solve_s"] is None
    assert second["note"]


def test_a_run_that_fails_stops_the_benchmark():
    """The library is never reported as a peer that failed."""
    with pytest.raises(RuntimeError, match="no such thing: failed: KeyError"):
        run(Case(Instance("no such thing", "nothing"), {}))


@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("name", BENCHMARKS)
def test_plans_are_made_of_known_parts(name, quick):
    """Every benchmark has runs with names of their own, peers that exist, and a time box for each."""
    planned = cases(name, quick=quick)
    assert len({case.instance.name for case in planned}) == len(planned) > 1
    assert {peer for case in planned for peer in case.peers} <= set(PEERS) == set(TITLES)
    boxes = sum(seconds for case in planned for seconds in case.peers.values())
    assert boxes <= (60 if quick else 900)


def test_the_command_writes_what_it_says(tmp_path):
    """A quick run ends in a file with the headline on top and the other runs below it."""
    file = tmp_path / "new" / "sparse.json"
    command = [sys.executable, "-m", "benchmarks", "sparse", "--quick", "--no-peers", "--json", file]
    subprocess.run(command, cwd=HERE.parent, check=True, capture_output=True)
    record = json.loads(file.read_text(encoding="utf-8"))
    assert record.keys() >= KEYS | {"name", "runs", "commit", "machine", "versions", "version"}
    assert [one["instance"].split()[1] for one in (record, *record["runs"])] == ["mild", "vertical", "tied"]
    assert all(one["peers"] == [] for one in (record, *record["runs"]))
    assert str(HERE) not in file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def scale(tmp_path_factory) -> dict:
    """Return what the command writes of tiny squares, and quick markets on executors."""
    file = tmp_path_factory.mktemp("scale") / "scale.json"
    command = [
        sys.executable,
        "-m",
        "benchmarks",
        "scale",
        "--quick",
        "--sizes",
        "300",
        "600",
        "--json",
        file,
    ]
    subprocess.run(command, cwd=HERE.parent, check=True, capture_output=True)
    return json.loads(file.read_text(encoding="utf-8"))


def test_far_out_squares_stop_at_their_gap(scale):
    """The largest mild one is on top; gap, processor time and bytes of a school are there."""
    squares = [scale, *scale["runs"]]
    assert [(one["recipe"]["arguments"]["market"], one["left"], one["right"]) for one in squares] == [
        (market, n, n) for market in ("mild", "clustered") for n in (600, 300)
    ]
    for one in squares:
        assert one["recipe"]["arguments"]["places"] == 1.05
        assert one["relative_gap"] <= 1e-5
        assert one["limit"] in (None, "GAP")
        assert one["processor_s"] > 0
        assert one["bytes_per_school"] > 0
    assert scale["exponents"].keys() == {"mild", "clustered"}


def test_the_largest_squares_go_on(tmp_path):
    """To the gap that is aimed at, then to the optimum; the page has a row for each."""
    planned = cases("far", quick=True)
    record = record_of("far", quick=True, peers=False)
    squares = [record, *record["runs"]]
    assert [one["instance"] for one in squares] == [case.instance.name for case in planned]
    assert [one["relative_gap"] <= case.gap for one, case in zip(squares, planned, strict=True)] == [True] * 6
    assert [one["status"] for one in squares[2:]] == ["OPTIMAL"] * 4
    sizes = [case.instance.arguments["num_left"] for case in cases("far", quick=False)]
    assert sizes == [1_000_000] * 2 + [300_000] * 2 + [100_000] * 2 + [1_000_000] * 2
    page = "\n".join(report.lines({"far": record}, {}, []))
    assert page.count(", 1.05 places, to the optimum | 4.0e6 |") == 2


def test_executors_send_what_is_said_and_find_the_same_bytes(scale):
    """Prices for each shard and floors, once a round; every run is compared with the one without executor."""
    rows = [one for one in scale["executors"] if "failure" not in one]
    assert {one["failure"] for one in scale["executors"] if "failure" in one} <= {"not installed"}
    shared = [one for one in rows if one["engine"] != "alone" and one["rounds"]]
    workers = {(one["engine"], one["workers"]) for one in shared}
    assert workers >= {(engine, n) for engine in ("threads", "processes") for n in (1, 2)}
    for one in shared:
        assert one["shards"] == 8
        assert one["rows"] == one["rounds"] * one["left"]
        assert one["price_bytes"] >= 4 * one["right"] * one["rounds"]
        assert one["sent_bytes"] == 8 * one["price_bytes"] + 4 * one["rows"]
        assert one["back_bytes"] == 8 * one["listed"] + 8 * one["rows"] + 8 * 8 * one["rounds"]
        assert [len(times) for times in one["shard_s"]] == [8] * one["rounds"]
        assert one["here_s"] + one["waited_s"] == pytest.approx(one["solve_s"], abs=0.1)
    assert all(one["same_bytes"] for one in rows if one["engine"] != "alone")
    assert {one["engine"] for one in rows if one["left"] == 600} == {"alone", "threads"}


def test_the_pages_show_what_was_measured_far_out(scale):
    """A row for each square and each run on an executor; the plan has its rounds."""
    page = "\n".join(report.lines({"scale": scale}, {}, []))
    assert "| synthetic mild 600 x 600, 1.05 places | 360,000 |" in page
    assert "| synthetic mild 5,000 x 12,000 | processes | 2 |" in page
    assert page.count("| yes |") == sum(bool(one.get("same_bytes")) for one in scale["executors"])
    plan = "\n".join(planning.lines(scale))
    rounds = next(one["rounds"] for one in scale["executors"] if one["engine"] == "threads")
    assert f"| plenty | 5,000 | 12,000 | {rounds} |" in plan


def test_a_run_too_far_out_is_a_row(scale):
    """Where it may fail, it says how; the others are measured all the same."""
    failed = run(Case(Instance("too far", "nothing"), {}, may_fail=True))
    assert failed["failure"].startswith("failed: KeyError")
    for on_top in (scale | {"runs": [failed]}, {**failed, "version": "9", "exponents": {}, "executors": []}):
        page = "\n".join(report.lines({"scale": on_top}, {"scale": scale}, []))
        assert f"| too far |  |  |  |  | **{failed['failure']}** |" in page
    compare_with_free([Case(MARKET, {}, may_fail=True)], [failed])
    here = {"recipe": {"arguments": {"market": "mild"}}}
    assert far_out.exponents([{**failed, **here}, {**here, "left": 9, "solve_s": 1.0, "limit": "GAP"}]) == {}


def test_other_bytes_stop_the_benchmark():
    """A run on an executor that finds something else is an error, unless time stopped one of both."""
    one = {"instance": "x", "engine": "dask", "workers": 2, "limit": None, "result_sha256": "a"}
    assert far_out.same_bytes(one, one)
    assert far_out.same_bytes(one | {"limit": "DEADLINE"}, one) is None
    assert far_out.same_bytes({"failure": "killed"}, one) is None
    with pytest.raises(RuntimeError, match="dask, 2: other bytes"):
        far_out.same_bytes(one | {"result_sha256": "b"}, one)


def test_sizes_are_of_scale_only():
    """Other benchmarks refuse them, and nobody has squares of nothing."""
    for words in (["dense", "--sizes", "5"], ["scale", "--sizes", "0"]):
        command = [sys.executable, "-m", "benchmarks", *words]
        ended = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False)
        assert ended.returncode == 2
        assert "--sizes" in ended.stderr


def test_the_exponent_is_the_slope_of_logarithms():
    """Time that grows like a power of the number of left schools has that power."""
    assert exponent([{"left": n, "solve_s": 3e-6 * n**1.25} for n in (10, 70, 400)]) == 1.25


def test_the_registers_under_quotas_are_proven():
    """A few schools under the quotas of the campaign: caps leave fewer places than schools."""
    planned = [case for case in cases("quotas", quick=True) if case.instance.generator == "registers"]
    free, balance, nested, cells, national = (
        measured(Instance(one.instance.name, "registers", one.instance.arguments)) for one in planned
    )
    for record in (cells, national):
        assert record["verified"]
        assert record["status"] in ("OPTIMAL", "FEASIBLE")
        assert record["relative_gap"] < 0.01
    assert "quotas" not in free
    assert (balance["quotas"], balance["matched"]) == (6, free["matched"])
    assert nested["matched"] == 61_000 // 20 < free["matched"]
    for record in (free, balance, nested):
        assert (record["status"], record["relative_gap"]) == ("OPTIMAL", 0)
    for record in (balance, nested):
        assert record["verified"]
        assert record["proof"] == "prices"
        assert 0 < record["binding"] <= record["quotas"]
        assert record["objective"] < free["objective"]


def test_quotas_are_compared_with_the_same_without():
    """Every run that has a counterpart in the plan says how many times its seconds it takes."""
    planned = cases("quotas", quick=False)
    runs = [{"instance": one.instance.name, "solve_s": 2.0 + at} for at, one in enumerate(planned)]
    compare_with_free(planned, runs)
    assert [run.get("over_free") for run in runs] == [None, 1.5, 2.0, 2.5, 3.0, None, 1.14, None, None, None]
    assert {run["asked"] for run in runs if "asked" in run} == {3, 10, None}


def test_a_deadline_of_a_plan_is_kept():
    """The library hears of it: in no time at all it finds nothing, and says so."""
    with pytest.raises(NoSolutionError, match="NO_SOLUTION"):
        measured(planned_crossed(quick=False), 1e-3)


def planned_crossed(*, quick: bool) -> Instance:
    """Return the first instance of the plan whose quotas cross."""
    return next(c.instance for c in cases("quotas", quick=quick) if c.deadline is not None)


# -- Published optima --------------------------------------------------------------------------------------


def test_digests_see_type_shape_and_order():
    """Arrays that differ in any way have different digests, and the same array has the same one."""
    array = np.arange(6, dtype=np.int64).reshape(2, 3)
    others = [array.astype(np.int32), array.reshape(3, 2), array[::-1], array + 1]
    assert len({digest(one) for one in [array, *others]}) == 5
    assert digest(np.asfortranarray(array)) == digest(array) == digest(array.astype(">i8"))


def test_recipes_make_what_was_published():
    """Every published digest of arrays is made again, where that takes no time."""
    entries = list(optima.published().values())
    assert entries
    cheap = [e for e in entries if e["generator"] == "matrix" and e["arguments"]["n"] <= 1000]
    cheap += [e for e in entries if e["generator"] == "lists"]
    cheap += [e for e in entries if e["arguments"].get("num_left", 10**9) <= 6000]
    assert {e["generator"] for e in cheap} == {"matrix", "lists", "synthetic"}
    for entry in cheap:
        built = Instance(entry["name"], entry["generator"], entry["arguments"]).build()
        assert built.sha256 == entry["sha256"], entry["name"]


def test_every_array_that_is_measured_is_published():
    """Whoever solves the arrays of a benchmark can look the optimum up."""
    known = [(e["generator"], e["arguments"]) for e in optima.published().values()]
    for name in ("sparse", "dense"):
        for quick in (False, True):
            for case in cases(name, quick=quick):
                assert (case.instance.generator, case.instance.arguments) in known


def test_a_run_that_contradicts_the_published_optimum_is_refused():
    """More than the optimum, less than it with a proof, or a bound below it: one of both is wrong."""
    known = {"h": {"sha256": "h", "matched": 5, "objective": 100}}
    good = {"instance": "x", "sha256": "h", "matched": 5, "objective": 100, "bound": 100, "status": "OPTIMAL"}
    assert optima.check(good, known)
    assert optima.check(good | {"objective": 90, "status": "FEASIBLE"}, known)
    assert not optima.check(good | {"sha256": "other", "objective": 1}, known)
    for wrong in (
        {"objective": 99},
        {"objective": 101},
        {"matched": 6},
        {"objective": 90, "bound": 95, "status": "FEASIBLE"},
        {"objective": 110, "bound": 120, "status": "FEASIBLE"},
    ):
        with pytest.raises(AssertionError, match="published"):
            optima.check(good | wrong, known)


def test_only_proven_optima_are_collected(tmp_path):
    """Results give optima with recipes; what is not proven is left out; the file reads back."""
    base = measured(MATRIX)
    open_ended = base | {"instance": "open", "sha256": "0", "status": "FEASIBLE"}
    entries = optima.collected([base | {"runs": [open_ended]}], {})
    assert [entry["name"] for entry in entries] == ["a matrix"]
    assert entries[0]["generator"] == "matrix"
    stale = entries[0] | {"sha256": "what the recipe made once"}
    assert optima.collected([base], {stale["sha256"]: stale}) == entries
    optima.write(entries, tmp_path / "optima.json")
    assert json.loads((tmp_path / "optima.json").read_text(encoding="utf-8"))["optima"] == entries


# -- The report --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def results() -> dict:
    """Return a result with a peer that is faster and one that failed."""
    ours = measured(MARKET) | {"peak_mb": 100.0, "solve_s": 2.0, "solve_over_scan": 20.0}
    ours["peers"] = [
        beside(ours, "scipy", Ended({"matched": 60, "objective": ours["objective"], "solve_s": 1.0}, None)),
        beside(ours, "composition", Ended({"note": "after 3 rounds"}, "stopped after 120 s")),
    ]
    return {"national-real": {"version": "9", "commit": "abc", **ours, "runs": []}}


def test_the_page_hides_nothing(results):
    """Faster peers are bold, failures are rows, and a run that got slower says so."""
    old = {"national-real": results["national-real"] | {"solve_over_scan": 10.0}}
    page = "\n".join(report.lines(results, old, []))
    assert "| SciPy linear_sum_assignment |  | 1.0 s | 2.0 s | **0.50** |  | same objective |" in page
    assert "| stopped after 120 s; after 3 rounds |" in page
    assert "| national-real | a market | 10.00 | 20.00 | 2.00 | **worse** |" in page
    assert "**worse**" not in "\n".join(report.lines(results, results, []))
    # A run of the same name in another benchmark is another run.
    both = old | {"growth": results["national-real"]}
    assert (
        "\n".join(report.lines(results | {"growth": results["national-real"]}, both, [])).count("**worse**")
        == 1
    )


def test_the_page_says_what_quotas_missed(results):
    """A target that was missed is bold, a run that came in time is not, and a note is there to read."""
    first = results["national-real"]
    under = first | {"quotas": 6, "binding": 2, "proof": "prices", "verified": True}
    timed = under | {"free_s": 1.0, "over_free": 4.0, "asked": 3.0, "instance": "slow"}
    open_ended = under | {"relative_gap": 0.02, "instance": "open"}
    page = "\n".join(
        report.lines({"quotas": first | {"note": "A busy day.", "runs": [under, timed, open_ended]}}, {}, [])
    )
    assert "\nNote: A busy day.\n" in page
    assert (
        "| slow | 6 | 2 | 60 | 1.0 s | 2.0 s | 4.0 | 3 | 0 | 0 | prices, verified | **missed**: too slow |"
        in page
    )
    assert "| open | 6 | 2 | 60 |  | 2.0 s |  |  | 2.0e-02 | 0 | prices, verified | **missed**: gap |" in page
    assert "| a market | 6 | 2 | 60 |  | 2.0 s |  |  | 0 | 0 | prices, verified | reached |" in page


def test_quick_runs_are_no_results(tmp_path):
    """A quick run among the stored results is refused."""
    (tmp_path / "dense.json").write_text('{"quick": true}', encoding="utf-8")
    with pytest.raises(SystemExit, match="quick"):
        report.load(tmp_path)


def test_plots_are_drawn_and_the_same_again(results, tmp_path):
    """Both plots are SVG, and the same numbers give the same bytes."""
    pytest.importorskip("matplotlib")
    first, second = (report.draw(results, tmp_path / name) for name in "ab")
    assert [plot.name for plot in first] == ["time.svg", "gap.svg"]
    for one, other in zip(first, second, strict=True):
        ElementTree.parse(one)
        assert one.read_bytes() == other.read_bytes()


def test_the_published_page_is_made_of_the_stored_results():
    """``make results`` has been run since results were stored."""
    plots = sorted(path.name for path in (HERE / "plots").glob("*.svg"))
    stored = report.load(HERE / "results"), report.load(HERE / "results" / "earlier")
    page = "\n".join(report.lines(*stored, plots)) + "\n"
    assert page == (HERE / "RESULTS.md").read_text(encoding="utf-8")
