"""An estimate: what a run will take, what that rests on, and whether it fits."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

from twinmatch.room import size_in_words

if TYPE_CHECKING:
    from twinmatch.room import Room

__all__ = ["Estimate", "Probe"]

_WIDTH = 86


class Probe(NamedTuple):
    """
    A small market that was solved to see how fast it goes here.

    Attributes
    ----------
    num_left, num_right : int
        Its nodes, of each side.
    seconds : float
        What it took: of the processor, or by the clock on the wall where that is less.
    whole : bool
        Whether it was the whole market: then there was nothing to work out.
    """

    num_left: int
    num_right: int
    seconds: float
    whole: bool = False


@dataclass(frozen=True, repr=False)
class Estimate:
    """
    What a run will take; prints one screen.

    Parameters
    ----------
    task : str
        What is to be done, in words.
    memory : int
        Bytes of memory that the process holds at the peak of the run, tables and libraries included.
    added : int
        Bytes of these that it does not hold now.
    address_space : int
        Addresses that the run takes besides those of now: what RLIMIT_AS counts.
    seconds : float or None
        By the clock on the wall, from the call to the proven result; None where nothing could be tried.
    parts : tuple of (str, int)
        Parts of the run in their order, with the bytes that each adds to those of now.
    probes : tuple of Probe
        What was tried.
    basis : tuple of str
        What the numbers rest on, in words.
    room : Room or None
        The limit that leaves the least memory, where there is one that can be read.

    Notes
    -----
    Meant to be within 30 % of the memory and a factor of 2 of the time, nine times in ten. The page *Memory
    and time* has a table of instances with what was estimated and what was measured, misses included.
    """

    task: str
    memory: int
    added: int
    address_space: int
    seconds: float | None
    parts: tuple[tuple[str, int], ...] = ()
    probes: tuple[Probe, ...] = ()
    basis: tuple[str, ...] = ()
    room: Room | None = None

    @property
    def fits(self) -> bool:
        """Whether the run would be begun: a need that no limit has room for is refused."""
        if self.room is None:
            return True
        need = self.address_space if self.room.is_address_space else self.added
        return need <= self.room.left

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain numbers and text, as JSON has them."""
        room = None if self.room is None else self.room._asdict()
        return {
            "task": self.task,
            "memory": self.memory,
            "added": self.added,
            "address_space": self.address_space,
            "seconds": self.seconds,
            "parts": dict(self.parts),
            "probes": [probe._asdict() for probe in self.probes],
            "basis": list(self.basis),
            "room": room,
            "fits": self.fits,
        }

    def __str__(self) -> str:
        lines = [f"Estimate: {self.task}", ""]
        more = size_in_words(self.added)
        lines.append(f"  memory   {size_in_words(self.memory):>8}   at the peak, {more} more than now")
        lines.append(f"  time     {_seconds(self.seconds):>8}   {_range(self.seconds)}")
        if self.room is not None:
            verdict = "fits" if self.fits else "does not fit"
            lines.append(
                f"  room     {size_in_words(self.room.left):>8}   left of {self.room.what}: it {verdict}"
            )
        lines.append("")
        width = max((len(name) for name, _ in self.parts), default=0)
        most = max((size for _, size in self.parts), default=0)
        for name, size in self.parts:
            bar = "█" * max(1, round(24 * size / most)) if most else ""
            lines.append(f"  {name:<{width}}  {size_in_words(size):>8}  {bar}")
        if self.probes:
            lines.append("")
        for probe in self.probes:
            what = "the whole of it" if probe.whole else f"{probe.num_left:,} x {probe.num_right:,}"
            lines.append(f"  tried    {_seconds(probe.seconds):>8}   {what}")
        lines.append("")
        for sentence in self.basis:
            lines += wrap(sentence, _WIDTH, initial_indent="  - ", subsequent_indent="    ")
        return "\n".join(lines).rstrip()

    __repr__ = __str__


def _seconds(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    if seconds >= 120:
        return f"{seconds / 60:,.0f} min"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.2f} s"


def _range(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"from {_seconds(seconds / 2)} to {_seconds(2 * seconds)}, nine times in ten"
