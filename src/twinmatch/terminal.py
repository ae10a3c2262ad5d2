"""What the command line shows: a progress line while it works, one screen when it is done."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from textwrap import shorten, wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from twinmatch import __version__
from twinmatch.status import Limit, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from twinmatch.certify import Certificate
    from twinmatch.matching import Matching
    from twinmatch.solvers.control import Progress

__all__ = ["certificate_lines", "impossible", "progress", "show", "summary", "tell"]

_BAR_WIDTH = 36
_CLAIM_WIDTH = 86
#: So many claims are said in full.
_CLAIMS = 12
#: So many notes are said.
_NOTES = 10
#: So many quotas that press are shown.
_QUOTAS = 6
_EIGHTHS = " ▏▎▍▌▋▊▉"


def show(text: str) -> None:
    """Write ``text`` to stdout; to a terminal that cannot spell a character of it, with a substitute."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, errors="replace").decode(encoding) + "\n")


def tell(notes: Sequence[str]) -> None:
    """Write the first notes to stderr, a line each, and then how many more there are."""
    lines = list(notes[:_NOTES])
    if len(notes) > _NOTES:
        lines.append(f"and {len(notes) - _NOTES:,} more")
    sys.stderr.write("".join(f"twinmatch: note: {line}\n" for line in lines))


@contextmanager
def progress(num_left: int) -> Iterator[Callable[[Progress], None] | None]:
    """
    Show how far a run is, on stderr, for as long as it lasts.

    Yields the function to hand to :func:`twinmatch.match` as ``on_progress``, or None where stderr is not a
    terminal: then nothing is shown and nothing is imported for it.
    """
    if not sys.stderr.isatty():
        yield None
        return

    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} paired{task.fields[news]}"),
        TextColumn("{task.elapsed:.0f} s"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        # A hair more than everything, or rich would take a phase that pairs them all for the end of the run.
        line = bar.add_task("starting", total=num_left + 1e-3, news="")

        def on_progress(now: Progress) -> None:
            gap = now.relative_gap
            news = f", {_below(gap)}" if gap is not None and gap < 1 else ""
            # Under quotas a school may have several partners, and pairs are what is counted.
            bar.update(line, description=now.phase, completed=min(now.matched, num_left), news=news)

        yield on_progress


def summary(
    matching: Matching,
    certificate: Certificate | None,
    result: Mapping[str, Any],
    out: Path | None,
) -> str:
    """
    Return one screen about a matching.

    Parameters
    ----------
    matching : Matching
        With pairs.
    certificate : Certificate, optional
        None where nothing was checked.
    result : mapping
        The numbers that ``--json`` prints.
    out : Path, optional
        Where the matching was saved.

    Returns
    -------
    str
        Lines of about 100 characters at most, without colour codes.
    """
    left, matched = result["left"], result["matched"]
    several = len(_partners(matching)) - matched
    lines = [
        *_head(result),
        _row("paired", f"{matched:,} ({_percent(matched / max(1, left))}), {_coverage_in_words(matching)}"),
        *([_row("", f"{matched + several:,} pairs: some schools have several partners")] if several else []),
        _row("left out", f"{result['unmatched']:,}"),
        *_points_and_bound(matching, result),
        "",
        *_bars("partners", _partners_by_country(matching)),
        "",
        *_quotas(matching),
        *certificate_lines(certificate),
        "",
        *_costs(result, out),
    ]
    return "\n".join(lines)


def impossible(
    witness: str, certificate: Certificate | None, result: Mapping[str, Any], out: Path | None
) -> str:
    """
    Return one screen about a policy that nothing keeps to.

    Parameters
    ----------
    witness : str
        Why, in a sentence; empty where nobody knows.
    certificate, result, out
        As for :func:`summary`.

    Returns
    -------
    str
    """
    why = wrap(witness, _CLAIM_WIDTH) or ["not said"]
    lines = [
        *_head(result),
        _row("paired", "nobody: nothing keeps to all that the policy asks"),
        *(_row("" if k else "why", line) for k, line in enumerate(why)),
        "",
        *certificate_lines(certificate),
        "",
        *_costs(result, out),
    ]
    return "\n".join(lines)


def _head(result: Mapping[str, Any]) -> list[str]:
    schools = f"{result['left']:,} to pair, {result['right']:,} possible partners, {result['pairs']:,} pairs"
    return [f"twinmatch {__version__}", "", _row("schools", schools)]


def _costs(result: Mapping[str, Any], out: Path | None) -> list[str]:
    """Say what the run took, and where its result is."""
    lines = [*_phases(result["seconds"]), _row("memory", f"{result['peak_mb']:,.0f} MB at most")]
    if out is not None:
        lines.append(_row("saved in", f"{out} (check again with: twinmatch verify {out})"))
    return lines


def _quotas(matching: Matching) -> list[str]:
    """Say which quotas press, dearest first: how full they are, and what one more or fewer would bring."""
    proof = matching.proof
    if proof is None or not len(proof.quota_price):
        return []
    limits = matching.constraints
    counts = limits.counts(*proof.taken.T).tolist()
    covers = np.zeros(len(counts), np.int64) if proof.cover is None else proof.cover.quota
    scaled = proof.quota_price / proof.price_scale
    pressing = [
        (-abs(price), quota.name, quota, count, price, cover)
        for quota, count, price, cover in zip(
            limits.quotas, counts, scaled.tolist(), covers.tolist(), strict=True
        )
        if price or cover
    ]
    pressing.sort(key=lambda entry: entry[:2])
    by = f" as {matching.mechanism.name} counts" if _counts_otherwise(matching) else ""
    verb = "presses" if len(pressing) == 1 else "press"
    lines = [_row("quotas", f"{len(counts):,}, of which {len(pressing):,} {verb} on the result")]
    for _, name, quota, count, price, cover in pressing[:_QUOTAS]:
        is_cap = price > 0 or (not price and cover > 0)
        unit = "schools" if quota.covered else "pairs"
        number = quota.at_most if is_cap else quota.at_least
        full = f"{count:,} of at {'most' if is_cap else 'least'} {number or 0:,} {unit}"
        change = "one more" if is_cap else "one fewer"
        brings = [*([_points(abs(price), by)] if price else []), *(["a school"] if cover else [])]
        worth = f"{change}: up to {' and '.join(brings)}"
        lines += [_row("", line) for line in wrap(f"{name}: {full}; {worth}", _CLAIM_WIDTH)]
    if len(pressing) > _QUOTAS:
        lines.append(_row("", f"and {len(pressing) - _QUOTAS:,} more"))
    lines += [_row("", line) for note in matching.settling_notes for line in wrap(note, _CLAIM_WIDTH)]
    return [*lines, ""]


def _points(price: float, by: str) -> str:
    if price < 1:
        return "less than a point" if not by else f"less than 1{by}"
    return f"{price:,.0f}{by or ' points'}"


def _phases(seconds: Mapping[str, float]) -> list[str]:
    """Say what each phase took, six to a line."""
    spent = [f"{phase} {value:.1f}" for phase, value in seconds.items()]
    lines = [" · ".join(spent[k : k + 6]) for k in range(0, len(spent), 6)]
    return [_row("" if k else "seconds", line) for k, line in enumerate(lines)]


def _row(name: str, text: str) -> str:
    return f"  {name:<12}{text}"


def _is_procedure(matching: Matching) -> bool:
    """Return whether there is a guarantee instead of a sum that is made largest."""
    from twinmatch.mechanisms import Procedure  # the command line starts without it

    return isinstance(matching.mechanism, Procedure)


def _coverage_in_words(matching: Matching) -> str:
    if _is_procedure(matching):
        return f"by {matching.mechanism.name}, which does not put coverage first"
    if matching.policy.coverage != "first":
        return "points come first"
    missing = matching.coverage_bound - matching.coverage
    if missing == 0:
        return "as many as any pairing can"
    return f"and no pairing covers over {missing:,} more"


def _points_and_bound(matching: Matching, result: Mapping[str, Any]) -> list[str]:
    """Say what the pairs are worth in points, and what is proven of it: in what the mechanism counts."""
    points, objective, bound = result["points"], result["objective"], result["bound"]
    if _counts_otherwise(matching):
        by = f"by {matching.mechanism.name}"
        return [
            _row("points", f"{points:,}"),
            _row("counted", f"{objective:,} {by}, {_gap_in_words(matching)}"),
            _row("bound", f"{bound:,} {by}, no such pairing counts for more"),
        ]
    if _keeps_floor(matching):
        floor = matching.mechanism.promise.floor  # type: ignore[attr-defined]
        return [
            _row("floor", f"no pair below {floor:,} points, and no higher floor can be promised"),
            _row("points", f"{points:,}, of the pairings that keep the floor none has more"),
        ]
    if _is_procedure(matching) and matching.status is Status.OPTIMAL:
        among = "of the pairings that keep the guarantee none has more"
        return [
            _row("points", f"{points:,}, what the mechanism comes to"),
            _row("bound", f"{bound:,}, {among}"),
        ]
    return [
        _row("points", f"{points:,}, {_gap_in_words(matching)}"),
        _row("bound", f"{bound:,}, no such pairing is worth more"),
    ]


def _counts_otherwise(matching: Matching) -> bool:
    """Return whether the mechanism counts something else than points."""
    from twinmatch.mechanisms import Leximin, most_points

    mechanism = matching.mechanism
    if mechanism == most_points() or _is_procedure(matching):
        return False
    promised = not isinstance(mechanism, Leximin) or (
        mechanism.promise is not None and mechanism.promise.weight
    )
    return bool(promised) and not _keeps_floor(matching)


def _keeps_floor(matching: Matching) -> bool:
    """Return whether a floor was promised, and is proven to be the highest."""
    from twinmatch.mechanisms import Leximin

    mechanism = matching.mechanism
    known = isinstance(mechanism, Leximin) and mechanism.promise is not None
    return known and matching.status is Status.OPTIMAL


def _gap_in_words(matching: Matching) -> str:
    if matching.status is Status.OPTIMAL:
        return "the best possible"
    stopped = {
        Limit.DEADLINE: ", when time ran out",
        Limit.CANCELLED: ", when interrupted",
        Limit.MEMORY: ", when memory ran out",
    }
    reason = "" if matching.limit is None else stopped.get(matching.limit, "")
    return _below(matching.relative_gap) + " the best possible" + reason


def _below(relative_gap: float) -> str:
    """Say a relative gap for people, never rounding it to the better side."""
    if relative_gap <= 0:
        return "nothing below"
    percent = 100 * relative_gap
    for digits in range(1, 7):
        step = 10.0**-digits
        if percent >= step:
            return f"at most {-(-percent // step) * step:.{digits}f} % below"
    return "less than 0.000001 % below"


def _percent(share: float) -> str:
    """Say a share, never rounding less than everything up to everything."""
    return f"{min(100 * share, 99.99) if share < 1 else 100:.{0 if share == 1 else 2}f} %"


def _partners_by_country(matching: Matching) -> list[tuple[str, int]]:
    """Count the pairs per country of the partner, most first."""
    return Counter(matching.right.strings("country")[_partners(matching)].tolist()).most_common()


def _partners(matching: Matching) -> npt.NDArray[np.int64]:
    """Return the right school of each pair."""
    return matching.mate[matching.mate >= 0] if matching.proof is None else matching.proof.taken[:, 1]


def _bars(title: str, counts: list[tuple[str, int]]) -> list[str]:
    """Draw one bar a country."""
    most = max((count for _, count in counts), default=1)
    lines: list[str] = []
    for country, count in counts[:12]:
        eighths = max(1, round(count / most * _BAR_WIDTH * 8))
        bar = "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
        lines.append(_row(title if not lines else "", f"{country}  {bar:<{_BAR_WIDTH}} {count:>7,}"))
    if len(counts) > 12:
        lines.append(_row("", f"and {len(counts) - 12} more countries"))
    return lines


def certificate_lines(certificate: Certificate | None) -> list[str]:
    """Return what was checked and what holds, as lines; every claim that does not is said in full."""
    if certificate is None:
        return [_row("proof", "not checked")]
    head = (
        f"{'checked' if certificate.ok else 'REFUSED'} over all pairs, without the solver, "
        f"in {certificate.seconds:.1f} s: {certificate.pairs_per_second:.1e} pairs a second"
    )
    claims = certificate.claims
    # Under quotas there are many: those that hold are named, and those that do not are said in full.
    held = [claim.name for claim in claims if claim.ok] if len(claims) > _CLAIMS else []
    told = [claim for claim in claims if not (held and claim.ok)]
    said = [f"{'✓' if claim.ok else '✗'} {claim.name}: {claim.detail}" for claim in told]
    return [
        _row("proof", head),
        *(_row("", line) for line in wrap(f"✓ {' · '.join(held)}" if held else "", _CLAIM_WIDTH)),
        *(_row("", shorten(claim, _CLAIM_WIDTH, placeholder=" ...")) for claim in said),
    ]
