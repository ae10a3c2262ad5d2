"""
Running the campaign: chunks of instances, in processes of their own, each written down when it is done.

A chunk holds two thousand instances of all families and is told by the seed and its number. What a chunk
found is one line of ``chunks.jsonl``; a campaign that was stopped goes on where it stopped. A line that was
torn is done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.campaign.instances import FAMILIES, SHARES, draw
from tests.campaign.judges import JUDGES, SKIPPED, agree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.campaign.arrays import Arrays
    from tests.campaign.graphs import Graph

CHUNK = 2_000
PER_SHARE = 100
assert PER_SHARE * sum(SHARES) == CHUNK
KEPT = 20


def numbers(chunk: int, family: str) -> range:
    """Return which instances of a family a chunk holds."""
    size = round(PER_SHARE * SHARES[list(FAMILIES).index(family)])
    return range(chunk * size, (chunk + 1) * size)


def problems(instance: Arrays | Graph) -> list[str]:
    """Return everything that is wrong with what the library says of one instance."""
    try:
        answered = instance.answer()
    except Exception as error:  # whatever it is, it is found
        return [f"error: {type(error).__name__}: {error}"]
    wrong = list(answered.refused)
    for name, judge in JUDGES.items():
        for (asked, claimed), answer in zip(answered.said, judge([q for q, _ in answered.said]), strict=True):
            if not agree(claimed, answer):
                wrong.append(
                    f"{name}: {answer}, and the library says {claimed} of points {asked.points.tolist()}"
                )
    return wrong


def run_chunk(seed: int, chunk: int) -> dict[str, Any]:
    """Draw, solve, check and judge the instances of a chunk."""
    families = {family: _run_family(seed, family, numbers(chunk, family)) for family in FAMILIES}
    return {"seed": seed, "chunk": chunk, "source": source(), "families": families}


def _run_family(seed: int, family: str, which: range) -> dict[str, Any]:
    clock = time.process_time()
    failed: list[tuple[int, str]] = []
    instances = [draw(seed, family, number) for number in which]
    drawn = time.process_time() - clock
    clock = time.process_time()
    said, statuses = [], {}
    for number, instance in zip(which, instances, strict=True):
        try:
            answered = instance.answer()
        except Exception as error:  # whatever it is, it is found
            failed.append((number, f"error: {type(error).__name__}: {error}"))
            continue
        failed += [(number, what) for what in answered.refused]
        statuses[answered.status] = statuses.get(answered.status, 0) + 1
        said += [(number, asked, claimed) for asked, claimed in answered.said]
    ours = time.process_time() - clock
    judges: dict[str, dict[str, float]] = {}
    questions = [asked for _, asked, _ in said]
    for name, judge in JUDGES.items():
        clock = time.process_time()
        answers = judge(questions)
        seconds = time.process_time() - clock
        differ = {
            number: f"{name}: {answer}, and the library says {claimed}"
            for (number, _, claimed), answer in zip(said, answers, strict=True)
            if not agree(claimed, answer)
        }
        failed += differ.items()
        judged = {number for (number, _, _), answer in zip(said, answers, strict=True) if answer != SKIPPED}
        judges[name] = {"judged": len(judged), "disagreements": len(differ), "seconds": round(seconds, 4)}
    return {
        "instances": len(which),
        "statuses": statuses,
        "seconds": round(ours, 4),
        "drawn_seconds": round(drawn, 4),
        "judges": judges,
        "failed": len({number for number, _ in failed}),
        "first": failed[:KEPT],
    }


def source() -> str:
    """Return a digest of what is tried: the library's Python files and what instances are drawn by."""
    import twinmatch

    whole = hashlib.sha256()
    root = Path(twinmatch.__file__).parent
    for path in sorted([*root.rglob("*.py"), *Path(__file__).parent.glob("*.py")]):
        whole.update(path.name.encode() + path.read_bytes())
    return whole.hexdigest()[:12]


# -- Many chunks --------------------------------------------------------------------------------------------


def stored(path: Path, seed: int) -> dict[int, dict[str, Any]]:
    """Return the chunks that are done, by number; a torn line is none."""
    done = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        if record["seed"] == seed:
            done[record["chunk"]] = record
    return done


def run(
    instances: int,
    seed: int,
    jobs: int,
    folder: Path,
    *,
    task: Callable[[int, int], dict[str, Any]] = run_chunk,
) -> list[dict[str, Any]]:
    """
    Run as many chunks as it takes, but those that are in the folder.

    Parameters
    ----------
    instances : int
        Rounded up to whole chunks.
    seed, jobs : int
    folder : Path
        Made if it is missing.
    task : callable
        For tests.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "chunks.jsonl"
    done = stored(path, seed)
    wanted = range(-(-instances // CHUNK))
    todo = [chunk for chunk in wanted if chunk not in done]
    with path.open("a", encoding="utf-8") as file, _progress(len(wanted), len(wanted) - len(todo)) as tell:
        if path.stat().st_size:
            file.write("\n")  # after a line that may be torn

        def keep(record: dict[str, Any]) -> None:
            done[record["chunk"]] = record
            file.write(json.dumps(record) + "\n")
            file.flush()
            tell(sum(one["failed"] for one in record["families"].values()))

        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            waiting: set[Future[dict[str, Any]]] = set()
            for chunk in todo:
                waiting.add(pool.submit(task, seed, chunk))
                if len(waiting) > 2 * jobs:
                    ended, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for one in ended:
                        keep(one.result())
            for one in waiting:
                keep(one.result())
    return [done[chunk] for chunk in wanted]


@contextmanager
def _progress(total: int, done: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal, and a line at each tenth elsewhere."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("campaign"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("chunks, {task.fields[failed]} failed"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True)) as bar:
            shown = bar.add_task("campaign", total=total, completed=done, failed=0)
            count = [0]

            def tell(failed: int) -> None:
                count[0] += failed
                bar.update(shown, advance=1, failed=count[0])

            yield tell
        return
    state = [done, 0]

    def say(failed: int) -> None:
        state[0] += 1
        state[1] += failed
        if state[0] == total or state[0] % max(1, total // 10) == 0:
            print(f"{state[0] * CHUNK:,} of {total * CHUNK:,} instances, {state[1]} failed", file=sys.stderr)

    yield say


# -- One instance -------------------------------------------------------------------------------------------


def shrunk(
    instance: Arrays | Graph,
    seconds: float = 30,
    wrong: Callable[[Arrays | Graph], list[str]] = problems,
) -> tuple[Arrays | Graph, list[str]]:
    """Return the smallest instance found by leaving out one thing after the other, and what is wrong."""
    ends = time.monotonic() + seconds
    told = wrong(instance)
    kinds = {what.split(":")[0] for what in told}
    again = bool(told)
    while again and time.monotonic() < ends:
        again = False
        for smaller in instance.smaller():
            if time.monotonic() >= ends:
                break
            found = wrong(smaller)
            if kinds & {what.split(":")[0] for what in found}:
                instance, told, again = smaller, found, True
                break
    return instance, told


def command(family: str, number: int, seed: int) -> str:
    """Return what repeats an instance."""
    return f"{Path(sys.executable).name} -m tests.campaign one {family!r} {number} --seed {seed}"


def failures(records: list[dict[str, Any]]) -> Iterator[tuple[str, int, str]]:
    """Yield family, number and what is wrong."""
    for record in records:
        for family, one in record["families"].items():
            for number, what in one["first"]:
                yield family, number, what


def cores() -> int:
    """Return how many processes make sense."""
    return len(os.sched_getaffinity(0))
