"""The result of a campaign as a page and as JSON."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from tests.campaign.instances import FAMILIES
from tests.campaign.judges import JUDGES

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = ("twinmatch", "numpy", "scipy", "ortools", "highspy")


def summed(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Add up chunks."""
    families: dict[str, Any] = {}
    for family in FAMILIES:
        parts = [record["families"][family] for record in records]
        statuses: dict[str, int] = {}
        for part in parts:
            for status, count in part["statuses"].items():
                statuses[status] = statuses.get(status, 0) + count
        families[family] = {
            "instances": sum(part["instances"] for part in parts),
            "failed": sum(part["failed"] for part in parts),
            "statuses": dict(sorted(statuses.items())),
            "seconds": round(sum(part["seconds"] for part in parts), 1),
            "drawn_seconds": round(sum(part["drawn_seconds"] for part in parts), 1),
            "judges": {
                name: {
                    "judged": sum(part["judges"][name]["judged"] for part in parts),
                    "disagreements": sum(part["judges"][name]["disagreements"] for part in parts),
                    "seconds": round(sum(part["judges"][name]["seconds"] for part in parts), 1),
                }
                for name in JUDGES
            },
        }
    return {
        "instances": sum(one["instances"] for one in families.values()),
        "failed": sum(one["failed"] for one in families.values()),
        "disagreements": sum(
            judge["disagreements"] for one in families.values() for judge in one["judges"].values()
        ),
        "seed": records[0]["seed"] if records else None,
        "sources": sorted({record["source"] for record in records}),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "families": families,
    }


def page(total: dict[str, Any]) -> str:
    """Return the page, in Markdown."""
    return "\n".join(_lines(total)) + "\n"


def _lines(total: dict[str, Any]) -> Iterator[str]:
    yield from ("# The campaign", "")
    yield (
        f"{total['instances']:,} random instances (seed {total['seed']}), each solved, its proof checked, "
        f"and the answer compared with those of {len(JUDGES)} other solvers: "
        f"**{total['disagreements']:,} disagreements, {total['failed']:,} instances with anything wrong**."
    )
    yield ""
    yield "Written by `python -m tests.campaign`; `docs/dev/robustness.md` says what is drawn, and how to"
    yield "repeat one. A judge's cell is: instances judged, disagreements, seconds. What it has no form for"
    yield "it does not judge. Seconds are of one core of a shared machine; the library's are solve and check."
    yield ""
    yield "| family | instances | OPTIMAL | INFEASIBLE | library s | " + " | ".join(JUDGES) + " | failed |"
    yield "| --- " + "| ---: " * (5 + len(JUDGES)) + "|"
    for family, one in total["families"].items():
        status = one["statuses"]
        cells = [
            f"{judge['judged']:,} · {judge['disagreements']} · {judge['seconds']:,.0f} s"
            if judge["judged"]
            else "-"
            for judge in one["judges"].values()
        ]
        yield (
            f"| {family} | {one['instances']:,} | {status.get('OPTIMAL', 0):,} "
            f"| {status.get('INFEASIBLE', 0):,} | {one['seconds']:,.0f} | "
            + " | ".join(cells)
            + f" | {one['failed']} |"
        )
    everything = total["families"].values()
    judged = [
        [
            sum(one["judges"][name][what] for one in everything)
            for what in ("judged", "disagreements", "seconds")
        ]
        for name in JUDGES
    ]
    counts = [
        sum(one["statuses"].get(status, 0) for one in everything) for status in ("OPTIMAL", "INFEASIBLE")
    ]
    yield (
        f"| all | {total['instances']:,} | {counts[0]:,} | {counts[1]:,} "
        f"| {sum(one['seconds'] for one in everything):,.0f} | "
        + " | ".join(f"{a:,} · {b} · {c:,.0f} s" for a, b, c in judged)
        + f" | {total['failed']} |"
    )
    yield ""
    versions = ", ".join(f"{name} {number}" for name, number in total["versions"].items())
    yield f"Python {total['python']}, {versions}; sources {', '.join(total['sources'])}."


def as_json(total: dict[str, Any]) -> str:
    """Return the same as JSON."""
    return json.dumps(total, indent=1) + "\n"
