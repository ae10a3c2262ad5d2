"""How a matching that was made ends its command: what is said on stderr, and the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinmatch.command.exits import Exit, say
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from pathlib import Path

    from twinmatch.certify import Certificate
    from twinmatch.matching import Matching

__all__ = ["ended", "why"]


def why(matching: Matching) -> str:
    """Return what the witness of a matching says; empty where there is none."""
    return "" if matching.witness is None else matching.witness.explain()


def ended(
    matching: Matching,
    certificate: Certificate | None,
    out: Path | None,
    gap: float,
    *,
    interrupted: bool,
    hint: str = "; a larger --gap accepts it",
) -> Exit:
    """Say on stderr what needs saying, and return the exit code."""
    nothing = matching.status is Status.NO_SOLUTION
    saved = "" if out is None or nothing else f"; what was found is in {out}"
    if interrupted:
        return say(
            Exit.INTERRUPTED, "interrupted before anything was found" if nothing else "interrupted" + saved
        )
    if certificate is not None and not certificate.ok:
        return say(Exit.REFUSED, "a proof was refused: do not use this result, and please report it")
    if matching.status is Status.INFEASIBLE:
        return say(
            Exit.INFEASIBLE,
            " ".join(
                [
                    "infeasible: nothing satisfies the policy.",
                    *filter(None, [why(matching)]),
                    *([f"The proof is in {out}."] if out is not None else []),
                ]
            ),
        )
    if nothing:
        return say(Exit.NO_PROOF, "nothing was found in the time given; allow more with --deadline")
    if matching.limit in (Limit.DEADLINE, Limit.MEMORY):
        what = "time" if matching.limit is Limit.DEADLINE else "memory"
        return say(Exit.NO_PROOF, f"{what} ran out before the gap asked for was proven{saved}")
    if matching.status is Status.FEASIBLE and matching.relative_gap > gap:
        left = f"quotas that cross leave a gap of {matching.relative_gap:.1g}, more than was asked for"
        return say(Exit.NO_PROOF, f"{left}{hint}{saved}")
    return Exit.DONE
