"""
A small service around twinmatch: upload tables, start a match, watch it, stop it, ask for reasons and proofs.

``uvicorn app:create_app --factory`` in this folder. README.md tells why it is built like this.
"""

import asyncio
import datetime
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from runs import Full, Run, Runs

import twinmatch as tm
from twinmatch.changes import changes_from
from twinmatch.spreadsheet import escaped

__all__ = ["Limits", "create_app"]

_LOOK_S = 0.05  # how often a waiting request looks whether its client is still there


@dataclass(frozen=True)
class Limits:
    """What one process allows; a second process is the way to more."""

    body_bytes: int = 64 * 2**20
    tables: int = 20
    workers: int = 2
    threads: int = 1  # of one solve: workers times threads are cores
    waiting: int = 16
    keep: int = 50
    deadline_s: float = 300.0


class Asked(BaseModel):
    """What a match is to be of: two tables by name, and how."""

    model_config = ConfigDict(extra="forbid")
    left: str = "sample-left"
    right: str = "sample-right"
    balance: bool = False
    mechanism: Literal["most_points", "leximin", "nash", "stable", "rank_maximal", "greedy"] = "most_points"
    deadline_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class Repair(BaseModel):
    """Changes as :mod:`twinmatch.changes` writes them, and what a pair that is kept is worth more."""

    model_config = ConfigDict(extra="forbid")
    changes: list[dict[str, Any]] = Field(max_length=10_000)
    keep_bonus: int = Field(default=0, ge=0, le=1_000_000)
    today: datetime.date | None = None
    deadline_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)


class BodyLimit:
    """Refuse a body that is announced, or turns out, to be too large, before all of it is here."""

    def __init__(self, app: Any, most: int) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > self.most:
            await JSONResponse({"detail": "the body is too large"}, 413)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Any:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.most:
                raise HTTPException(413, "the body is too large")
            return message

        await self.app(scope, counted, send)


def create_app(limits: Limits = Limits()) -> FastAPI:
    """Return the service."""
    tables: dict[str, tm.Schools] = {}

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        tables["sample-left"], tables["sample-right"] = tm.datasets.sample()
        app.state.runs = Runs(limits.workers, limits.waiting, limits.keep)
        yield
        await asyncio.to_thread(app.state.runs.close)  # stops what runs, within a fraction of a second

    app = FastAPI(title="twinmatch", lifespan=life)
    app.add_middleware(BodyLimit, most=limits.body_bytes)

    @app.exception_handler(tm.errors.TwinMatchError)
    async def _refused(_request: Request, error: tm.errors.TwinMatchError) -> JSONResponse:
        return JSONResponse({"detail": in_words(error)}, 422)

    @app.exception_handler(RequestValidationError)
    async def _misread(_request: Request, error: RequestValidationError) -> JSONResponse:
        # Without what was sent: it may be a number that JSON does not have, or as long as a body may be.
        told = [{"loc": list(one["loc"]), "msg": one["msg"], "type": one["type"]} for one in error.errors()]
        return JSONResponse({"detail": told[:50]}, 422)

    @app.exception_handler(Full)
    async def _full(_request: Request, _error: Full) -> JSONResponse:
        return JSONResponse({"detail": "too many runs wait already"}, 503, {"Retry-After": "5"})

    def begin(work: Callable[[Run], Any], *, remember: bool = False) -> Run:
        return app.state.runs.submit(work, remember=remember)

    async def answer(request: Request, run: Run) -> Any:
        """Wait for a run as long as the client does; whoever leaves stops it."""
        waiting = asyncio.wrap_future(run.future)
        try:
            while not (await asyncio.wait({waiting}, timeout=_LOOK_S))[0]:
                if await request.is_disconnected():
                    raise HTTPException(499, "the client has left")
            return waiting.result()
        finally:
            run.stop()  # of no effect on one that is over

    def known(name: str) -> Run:
        run: Run | None = app.state.runs.find(name)
        if run is None:
            raise HTTPException(404, "there is no such run, or it is forgotten")
        return run

    def matched(name: str) -> tm.Matching:
        run = known(name)
        if run.state != "done":
            raise HTTPException(409, f"the run is {run.state}")
        matching: tm.Matching = run.future.result()
        return matching

    def work_of(asked: Asked) -> Callable[[Run], tm.Matching]:
        for name in (asked.left, asked.right):
            if name not in tables:
                raise HTTPException(404, f"there is no table {name!r}")
        left, right = tables[asked.left], tables[asked.right]

        def work(run: Run) -> tm.Matching:
            return tm.match(
                left,
                right,
                tm.policies.systematic_twinning(balance=asked.balance),
                mechanism=getattr(tm.mechanisms, asked.mechanism)(),
                deadline=min(asked.deadline_s or limits.deadline_s, limits.deadline_s),
                threads=limits.threads,
                cancel=run.cancel,
                on_progress=partial(setattr, run, "progress"),
            )

        return work

    @app.get("/health")
    async def health() -> dict[str, Any]:
        """Say that the loop answers, and how much is to do."""
        runs = app.state.runs
        return {"ok": True, "version": tm.__version__, "waiting": runs.waiting, "running": runs.running}

    @app.put("/tables/{name}", status_code=201)
    async def upload(name: str, request: Request) -> dict[str, Any]:
        """Take a register as the body: CSV, Parquet, or whatever :func:`twinmatch.read_schools` reads."""
        if name not in tables and len(tables) >= limits.tables:
            raise HTTPException(507, "there are as many tables as may be")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "table")
            with path.open("wb") as file:
                async for piece in request.stream():
                    file.write(piece)
            tables[name] = await answer(request, begin(lambda _run: tm.read_schools(path)))
        return {"name": name, "schools": len(tables[name]), "dropped": tables[name].dropped}

    @app.post("/runs", status_code=202)
    async def start(asked: Asked) -> dict[str, str]:
        """Start a match and return at once."""
        return {"id": begin(work_of(asked), remember=True).id}

    @app.get("/runs/{name}")
    async def look(name: str) -> dict[str, Any]:
        """Tell how far a run is."""
        run = known(name)
        told: dict[str, Any] = {"id": name, "state": run.state}
        if run.state == "done":
            told |= summary(run.future.result())
        elif run.state == "failed":
            error = run.future.exception()
            told["detail"] = in_words(error) if isinstance(error, tm.errors.TwinMatchError) else "it failed"
        elif (progress := run.progress) is not None:
            told |= {"phase": progress.phase, "matched": progress.matched, "gap": progress.relative_gap}
        return told

    @app.delete("/runs/{name}", status_code=202)
    async def stop(name: str) -> dict[str, str]:
        """Stop a run: it ends within a fraction of a second, with what it has."""
        known(name).stop()
        return {"id": name}

    @app.get("/runs/{name}/pairs")
    async def pairs(name: str, request: Request) -> Response:
        """Return who is paired with whom, as CSV."""
        matching = matched(name)
        text = await answer(request, begin(lambda _run: csv_of(matching)))
        return Response(text, media_type="text/csv")

    @app.get("/runs/{name}/explain/{school}")
    async def explain(name: str, school: str, request: Request) -> dict[str, Any]:
        """Say why a school has its partner, or none."""
        matching = matched(name)
        told: dict[str, Any] = await answer(request, begin(lambda _run: matching.explain(school).to_dict()))
        return told

    @app.post("/runs/{name}/verify")
    async def verify(name: str, request: Request) -> dict[str, Any]:
        """Compute every claim again from the tables."""
        matching = matched(name)
        check = begin(lambda run: matching.verify(threads=limits.threads, cancel=run.cancel))
        told: dict[str, Any] = (await answer(request, check)).to_dict()
        return told

    @app.post("/runs/{name}/repair", status_code=202)
    async def repair(name: str, asked: Repair) -> dict[str, str]:
        """Start a repair after changes; its result, or what is wrong with them, is a run like any other."""
        matching = matched(name)

        def work(run: Run) -> tm.Matching:
            return matching.repair(
                changes_from(asked.changes),
                asked.keep_bonus,
                today=asked.today,
                deadline=min(asked.deadline_s or limits.deadline_s, limits.deadline_s),
                threads=limits.threads,
                cancel=run.cancel,
                on_progress=partial(setattr, run, "progress"),
            )

        return {"id": begin(work, remember=True).id}

    @app.post("/match")
    async def match(asked: Asked, request: Request) -> dict[str, Any]:
        """Match while the client waits; a client that leaves stops the solve."""
        return summary(await answer(request, begin(work_of(asked))))

    return app


def in_words(error: tm.errors.TwinMatchError) -> str:
    """Return what an error says, with fields of a request in place of arguments in Python."""
    if isinstance(error, tm.errors.InputError):
        faults = [
            fault._replace(hint='Say "today": "2026-10-01".') if "today=" in fault.hint else fault
            for fault in error.faults
        ]
        return str(type(error)(error.subject, faults))
    return str(error)


def csv_of(matching: tm.Matching) -> str:
    """Return the pairs as CSV, in which no cell is a formula to a spreadsheet."""
    table = pa.Table.from_pandas(matching.pairs, preserve_index=False)
    text: str = escaped(table).to_pandas().to_csv(index=False)
    return text


def summary(matching: tm.Matching) -> dict[str, Any]:
    """Return what a matching is worth, in types that JSON has."""
    return {
        "status": matching.status,
        "limit": matching.limit,
        "schools": len(matching.left),
        "paired": matching.coverage,
        "objective": matching.objective,
        "bound": matching.bound,
        "gap": matching.gap,
        "seconds": sum(matching.seconds.values()),
    }
