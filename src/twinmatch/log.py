"""
What a run says through :mod:`logging`: counts, seconds and statuses, never a school.

One logger, ``twinmatch``, with a handler that does nothing: what is shown, and where, is the application's
choice. INFO tells the start and the end of a call, DEBUG its phases, WARNING what the caller should see.
What a call tries on the way, such as the small markets of an estimate, says nothing.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

__all__ = ["log_end", "logger", "silent"]

_is_silent: ContextVar[bool] = ContextVar("twinmatch is silent", default=False)

logger = logging.getLogger("twinmatch")
logger.addHandler(logging.NullHandler())
logger.addFilter(lambda _record: not _is_silent.get())


@contextmanager
def silent() -> Iterator[None]:
    """Let this thread log nothing meanwhile."""
    token = _is_silent.set(True)
    try:
        yield
    finally:
        _is_silent.reset(token)


def log_end(what: str, result: Any, seconds: float) -> None:
    """
    Tell how a call ended.

    Parameters
    ----------
    what : str
        The call.
    result : Matching or Assignment
    seconds : float
        Since it began.
    """
    limit = "" if result.limit is None else f", stopped by {result.limit}"
    worth = ""
    if result.status in (Status.OPTIMAL, Status.FEASIBLE):
        worth = f", objective {result.objective}, gap {result.gap}"
    seen = result.status is Status.INFEASIBLE or result.limit in (Limit.DEADLINE, Limit.MEMORY)
    logger.log(
        logging.WARNING if seen else logging.INFO,
        "%s ended: %s%s%s, %.3f s",
        *(what, result.status, limit, worth, seconds),
    )
