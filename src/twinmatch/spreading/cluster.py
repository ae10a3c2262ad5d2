"""
Dask: shards that stay with the workers of a cluster, and are made again where one dies.

Shards are results of tasks, not scattered data: who submits a task leaves its arguments with the scheduler,
and when a worker dies, what it held is computed again from them, by another one. The side of the right nodes
is cut in pieces, each a task of its own, so that it travels to the scheduler once, and between workers after
that; so do the prices of a round. Nothing of Dask is imported: whoever has a client has done so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from twinmatch.errors import ExecutorError
from twinmatch.spreading.engines import gathered, ignored, in_words
from twinmatch.spreading.packing import Pack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt

__all__ = ["Cluster"]

T = TypeVar("T")

#: Bytes of one piece: Dask warns of tasks that are larger than ten million.
PIECE = 1 << 22
_CONNECTED = ("running", "newly-connected")
_LOST = (
    "the scheduler of the cluster is lost: start a cluster and call again with a client of it; "
    "a match with checkpoint= goes on where it was"
)


class Cluster:
    """
    The workers of a Dask cluster.

    Parameters
    ----------
    client : dask.distributed.Client
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._futures: list[Any] = []

    @property
    def workers(self) -> int:
        """Threads of all workers together."""
        info = _reached(self._client.scheduler_info)
        return max(1, sum(int(worker.get("nthreads", 1)) for worker in info["workers"].values()))

    def build(self, make: Callable[[Pack, Pack], Any], left: Iterable[Pack], right: Pack) -> list[Any]:
        """Return futures of the shards."""
        pieces = self._pieces(right.blob)
        shards = [
            self._submit(_make, make, one.header, right.header, *self._counted(one.blob), *pieces)
            for one in left
        ]
        self._futures += shards
        return shards

    def ask(
        self,
        function: Callable[..., T],
        asked: Sequence[tuple[Any, tuple[Any, ...]]],
        common: tuple[Any, ...],
        look: Callable[[], object],
        tell: Callable[[int], object] = ignored,
    ) -> list[T]:
        """Return the answers; see :class:`~twinmatch.spreading.engines.Engine`."""
        shared = [self._submit(_same, one) if isinstance(one, np.ndarray) else one for one in common]
        futures = [self._submit(_call, function, shard, len(own), *own, *shared) for shard, own in asked]
        return gathered([_Answer(one) for one in futures], lambda: self._look(look), tell)

    def close(self) -> None:
        """Let the workers forget the shards."""
        self._futures.clear()

    def _look(self, look: Callable[[], object]) -> None:
        look()
        if self._client.status not in _CONNECTED:
            raise ExecutorError(_LOST)

    def _submit(self, function: Callable[..., Any], *args: Any) -> Any:
        self._look(_nothing)
        # Keys that are no digests: nobody asks the same question twice.
        return _reached(lambda: self._client.submit(function, *args, pure=False, retries=3))

    def _pieces(self, blob: npt.NDArray[np.uint8]) -> list[Any]:
        pieces = [self._submit(_same, blob[at : at + PIECE]) for at in range(0, len(blob), PIECE)]
        self._futures += pieces
        return pieces

    def _counted(self, blob: npt.NDArray[np.uint8]) -> list[Any]:
        pieces = [blob] if len(blob) <= PIECE else self._pieces(blob)
        return [len(pieces), *pieces]


class _Answer:
    """
    A future of Dask whose result tells a task that failed from a scheduler that is out of reach.

    A client may feel that before it says so. Once futures are cancelled they no longer know how they ended,
    so it is asked when the result is.
    """

    def __init__(self, future: Any) -> None:
        self._future = future
        self.add_done_callback, self.cancel = future.add_done_callback, future.cancel

    def result(self) -> Any:
        """Return the result, or raise what the task raised."""
        if self._future.status == "error":
            return self._future.result()
        return _reached(self._future.result)


def _reached(task: Callable[[], T]) -> T:
    """Return what is asked of the scheduler; say where it is out of reach."""
    try:
        return in_words(task)
    except ExecutorError as error:
        if isinstance(error.__cause__, OSError):
            raise ExecutorError(f"{_LOST} ({error.kind}: {error.__cause__})", error.kind) from error.__cause__
        raise


def _nothing() -> None: ...


def _same(value: T) -> T:
    return value


def _make(make: Callable[[Pack, Pack], T], left: str, right: str, number: int, *pieces: Any) -> T:
    mine, others = pieces[:number], pieces[number:]
    return make(Pack(left, np.concatenate(mine)), Pack(right, np.concatenate(others)))


def _call(function: Callable[..., T], shard: Any, number: int, *args: Any) -> T:
    return function(shard, *args[:number], *args[number:])
