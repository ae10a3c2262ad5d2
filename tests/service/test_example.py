"""The example service under a real client: bounded, stoppable, and flat in memory."""

from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pyarrow.csv
import pytest

import twinmatch as tm

httpx = pytest.importorskip("httpx")
pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

from tests.service.serving import served  # noqa: E402 (needs httpx)

pytestmark = pytest.mark.service

SOON_S = 2.0  # 200 ms are promised of a process that has its cores (test_stops.py); these requests share two
GROWTH = 5 * 2**20


def as_csv(schools: tm.Schools) -> bytes:
    text = io.BytesIO()
    table = schools.table
    flat = {
        name: [";".join(map(str, cell)) if isinstance(cell, list) else cell for cell in column.to_pylist()]
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    pyarrow.csv.write_csv(pyarrow.table(flat), text)
    return text.getvalue()


@pytest.fixture(scope="module")
def server():
    with served(workers=2, waiting=40, keep=20, body_bytes=8 * 2**20) as server:
        left, right = tm.datasets.synthetic(5_000, 12_000, 2, "vertical")
        for name, schools in (("left", left), ("right", right)):
            server.client.put(f"/tables/{name}", content=as_csv(schools)).raise_for_status()
        yield server


LARGE = {"left": "left", "right": "right"}


def test_a_match_over_http_is_the_match(server):
    """Started, watched, verified, explained and repaired, with the numbers of the library."""
    run = server.client.post("/runs", json={}).json()["id"]
    told = server.wait_for(run)
    here = tm.match(*tm.datasets.sample())
    assert (told["status"], told["objective"], told["paired"]) == ("OPTIMAL", here.objective, here.coverage)
    assert server.client.post(f"/runs/{run}/verify").json()["ok"]
    school, partner = (str(one) for one in here.pairs[["left_id", "right_id"]].iloc[0])
    assert partner in server.client.get(f"/runs/{run}/explain/{school}").text
    assert server.client.get(f"/runs/{run}/pairs").text == here.pairs.to_csv(index=False)
    change = {"kind": "partner_leaves", "right_id": partner}
    repaired = server.client.post(f"/runs/{run}/repair", json={"changes": [change]}).json()["id"]
    assert (
        server.wait_for(repaired)["objective"] == here.repair([tm.changes.PartnerLeaves(partner)]).objective
    )


def test_a_repair_has_a_day_a_deadline_and_its_faults_are_told_as_fields(server):
    """What is wrong with changes is the detail of the run, in words of the request; time is bounded."""
    run = server.client.post("/runs", json={}).json()["id"]
    server.wait_for(run)
    here = tm.match(*tm.datasets.sample())
    school, partner = (str(one) for one in here.pairs[["left_id", "right_id"]].iloc[0])
    ends = {"kind": "pair_renewed", "left_id": school, "right_id": partner, "until": "2027-07-04"}

    def repaired(**body):
        return server.wait_for(server.client.post(f"/runs/{run}/repair", json=body).json()["id"])

    told = repaired(changes=[ends, {"kind": "partner_leaves", "right_id": "nobody"}, {"kind": "gift"}])
    assert told["state"] == "failed"
    assert "changes[2].kind: is not a known kind" in told["detail"]
    told = repaired(changes=[ends, {"kind": "partner_leaves", "right_id": "nobody"}])
    assert "there is no 'nobody' in the right table" in told["detail"]
    assert 'today is not given. Say "today": "2026-10-01".' in told["detail"]
    assert "datetime" not in told["detail"]
    told = repaired(changes=[ends], today="2026-10-01", deadline_s=60)
    assert (told["state"], told["status"]) == ("done", "OPTIMAL")
    assert repaired(changes=[ends], today="2026-10-01", deadline_s=1e-9)["limit"] == "DEADLINE"


def test_numbers_that_json_does_not_have_are_refused(server):
    """A deadline that is no number is a 422 like any other, not a fault of the service."""
    for number in ("NaN", "Infinity", "-Infinity"):
        answer = server.client.post(
            "/runs", content=f'{{"deadline_s": {number}}}', headers={"content-type": "application/json"}
        )
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["body", "deadline_s"]


def test_cells_that_a_spreadsheet_would_run_are_escaped(server):
    """The CSV of pairs is what a saved folder has: a formula is a text there."""
    left, right = tm.datasets.synthetic(4, 6, 1)
    rows = [{**row, "id": f"=cmd|{row['id']}"} for row in left.table.to_pylist()]
    keep = ("id", "country", "levels", "languages", "size")
    formulas = tm.Schools.from_frame({name: [row.get(name) for row in rows] for name in keep})
    for name, schools in (("formulas", formulas), ("few", right)):
        server.client.put(f"/tables/{name}", content=as_csv(schools)).raise_for_status()
    run = server.client.post("/runs", json={"left": "formulas", "right": "few"}).json()["id"]
    assert server.wait_for(run)["paired"]
    lines = server.client.get(f"/runs/{run}/pairs").text.splitlines()[1:]
    assert lines
    assert all(line.startswith("'=cmd|") for line in lines)


def test_many_requests_at_once_get_one_answer(server):
    """Thirty-two clients, two threads: nobody is turned away, and all hear the same."""
    want = tm.match(*tm.datasets.sample()).objective
    with ThreadPoolExecutor(32) as clients:
        answers = list(clients.map(lambda _: server.client.post("/match", json={}), range(32)))
    assert [answer.status_code for answer in answers] == [200] * 32
    assert {answer.json()["objective"] for answer in answers} == {want}


def test_a_cancelled_run_stops_soon(server, capsys):
    """From the request to the end of the solve, at random moments."""
    took, states = [], []
    for moment in np.random.default_rng(0).uniform(0, 0.8, 15):
        run = server.client.post("/runs", json=LARGE).json()["id"]
        time.sleep(moment)
        asked = time.monotonic()
        server.client.delete(f"/runs/{run}")
        told = server.wait_for(run)
        took.append(time.monotonic() - asked)
        states.append(told.get("limit") or told["state"])
    with capsys.disabled():
        print(f"\n  cancelled over HTTP: {1000 * np.median(took):.0f} ms, {1000 * max(took):.0f} ms at most")  # noqa: T201
    assert np.median(took) < 0.4
    assert max(took) < SOON_S
    assert states.count("CANCELLED") >= 5


def test_a_client_that_leaves_stops_its_solve(server):
    """Nobody waits for the answer, so nobody works for it."""
    for patience in (0.05, 0.2, 0.4):
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.url}/match", json=LARGE, timeout=patience, trust_env=False)
        server.wait_until_idle(SOON_S)


def test_what_is_too_much_is_refused(server):
    """Bodies, announced or not, files that are none, names that are not there, and too early questions."""
    large = b"x" * (9 * 2**20)
    assert server.client.put("/tables/x", content=large).status_code == 413
    pieces = iter([large[: 2**20]] * 9)
    assert server.client.put("/tables/x", content=pieces).status_code == 413
    assert server.client.put("/tables/x", content=b"\x00\x01 no table").status_code == 422
    assert server.client.post("/runs", json={"left": "nobody"}).status_code == 404
    assert server.client.post("/runs", json={"gift": 1}).status_code == 422
    assert server.client.get("/runs/unknown").status_code == 404
    run = server.client.post("/runs", json=LARGE).json()["id"]
    assert server.client.post(f"/runs/{run}/verify").status_code == 409
    server.client.delete(f"/runs/{run}")
    server.wait_for(run)


def test_a_full_queue_is_said():
    """Two runs may wait: the rest are told to come again, and the service still ends in peace at once."""
    with served(workers=1, waiting=2) as server:
        left, right = tm.datasets.synthetic(5_000, 12_000, 2, "vertical")
        for name, schools in (("left", left), ("right", right)):
            server.client.put(f"/tables/{name}", content=as_csv(schools)).raise_for_status()
        codes = [server.client.post("/runs", json=LARGE) for _ in range(5)]
        assert [code.status_code for code in codes].count(503) >= 2
        assert codes[-1].headers["Retry-After"]
        ending = time.monotonic()
    assert time.monotonic() - ending < 5


def test_memory_stays_flat(capsys):
    """
    A thousand solves, once what is made once is made: less than five megabytes more.

    What the system's allocator keeps goes up and down by some megabytes, and may settle late: the middle of a
    few looks counts, and a thousand that grew is followed by another one. A leak grows in each.
    """
    left, right = tm.datasets.synthetic(25, 40, 1, "mild")
    with served(workers=2, waiting=40, keep=10) as server:
        for name, schools in (("left", left), ("right", right)):
            server.client.put(f"/tables/{name}", content=as_csv(schools)).raise_for_status()
        bodies = [LARGE, {**LARGE, "mechanism": "stable"}, LARGE, {**LARGE, "balance": True}]

        def level(solves: int) -> float:
            """Solve so many, and return the middle of five looks at the memory during the last twenty."""
            looks = []
            with ThreadPoolExecutor(4) as clients:
                for count in (solves - 20, 4, 4, 4, 4, 4):
                    found = clients.map(
                        lambda k: server.client.post("/match", json=bodies[k % 4]), range(count)
                    )
                    assert {answer.status_code for answer in found} == {200}
                    looks.append(server.rss())
            return float(np.median(looks[1:]))

        levels = [level(200)]
        while len(levels) == 1 or (levels[-1] - levels[-2] >= GROWTH and len(levels) < 4):
            levels.append(level(1_000))
    told = ", then ".join(f"{(b - a) / 2**20:+.1f} MiB" for a, b in pairwise(levels))
    with capsys.disabled():
        print(f"\n  RSS after 1,000 solves: {told} on {levels[0] / 2**20:.0f}")  # noqa: T201
    assert levels[-1] - levels[-2] < GROWTH
