"""What :func:`twinmatch.match_states` returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from twinmatch import __version__
from twinmatch.errors import Fault, InputError, NoSolutionError
from twinmatch.europe.rows import columns_of
from twinmatch.europe.screen import as_text
from twinmatch.nearby import clipped
from twinmatch.saving import load_matching
from twinmatch.saving.place import place
from twinmatch.tables.frames import to_kind

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from twinmatch.europe.rows import Row
    from twinmatch.matching import Matching

__all__ = ["StateMatchings"]

#: Of :meth:`StateMatchings.to_dict`.
_FORMAT = 1


@dataclass(frozen=True, eq=False)
class StateMatchings:
    """
    One matching for each state, and what is counted over all of them.

    Where the proof of a state was refused, nothing of its result is counted.

    Parameters
    ----------
    rows : tuple of dict
        What is said of each state, in the order of the runs; None where there is nothing to say:

        ``state``, ``schools``, ``others``
            Its code, its schools, and those of all other states.
        ``paired``, ``left_out``, ``pairs``
            Its schools with and without a partner; pairs, more where schools have several partners.
        ``points``, ``mean_points``, ``gap``, ``relative_gap``
            Of the matching; the mean is over pairs.
        ``status``, ``limit``
            How its run ended, and what stopped it.
        ``verified``
            Whether every claim holds, computed again; None where nothing was found.
        ``kept``
            Whether it was found by an earlier call.
        ``seconds``
            Wall time of the run with its check, of saving and of the page.
        ``folder``, ``page``
            Where matching and page are, seen from ``directory``.
        ``why``
            With status INFEASIBLE, the witness in words.
        ``notes``
            What else there is to say: a list of sentences.
    pairs : dict of str to dict of str to int
        Pairs by the state whose run it is, and by the state of the partner.
    mutual : int
        Pairs that were found twice: in the run of either state.
    partnerships : dict of int to int
        How many schools are the partner in so many pairs of the runs of other states.
    without_schools : tuple of str
        Member states of the EU that no table has schools of.
    mechanism : str
        Its name.
    policy : str
        The fingerprint of the policy.
    directory : Path or None
        Where the matchings are saved.
    seconds : float
        Wall time of the call.
    """

    rows: tuple[Row, ...]
    pairs: Mapping[str, Mapping[str, int]]
    mutual: int
    partnerships: Mapping[int, int]
    without_schools: tuple[str, ...]
    mechanism: str
    policy: str
    directory: Path | None
    seconds: float
    _held: Mapping[str, Matching] = field(default_factory=dict, repr=False)
    _kind: str = "pandas"

    @property
    def table(self) -> Any:
        """One row for each state, of the kind of the first table; see ``rows``."""
        return self._frame(columns_of(self.rows))

    @property
    def counts(self) -> Any:
        """Pairs by ``state``, that of the run, and ``partner``: a row for each two, none left out."""
        listed = [(state, other, n) for state, found in self.pairs.items() for other, n in found.items()]
        columns: dict[str, Any] = {
            name: [row[k] for row in listed] for k, name in enumerate(("state", "partner", "pairs"))
        }
        return self._frame(columns)

    def _frame(self, columns: dict[str, Any]) -> Any:
        import pyarrow as pa

        return to_kind(pa.table(columns), self._kind)

    def matching(self, state: str) -> Matching:
        """
        Return the matching of a state; from its folder, where there is one.

        Parameters
        ----------
        state : str
            Its code, in capitals as in all tables and policies.

        Raises
        ------
        InputError
            If there was no run for it.
        NoSolutionError
            If nothing was found.
        """
        row = next((row for row in self.rows if row["state"] == state), None)
        if row is None:
            states = [row["state"] for row in self.rows]
            meant = [one for one in states if isinstance(state, str) and one == state.strip().upper()]
            hint = f"There are {', '.join(states)}."
            hint = f"Codes are in capitals: write {meant[0]!r}." if meant else hint
            raise InputError("matching", [Fault("state", f"has no run here: {clipped(state)}", hint=hint)])
        if state in self._held:
            return self._held[state]
        if self.directory is None or row["folder"] is None:
            raise NoSolutionError(f"nothing was found for {state}: {row['status']}, {row['limit']}")
        return load_matching(self.directory / row["folder"])

    def report(self, path: str | os.PathLike[str], *, lang: str = "en") -> Path:
        """
        Write one page about all states, with links to the pages of each.

        Parameters
        ----------
        path : path
            The file to write; folders on the way are made, an older file is replaced.
        lang : {"en", "fr"}, optional

        Returns
        -------
        Path

        Raises
        ------
        InputError
            If the language is another one, or that is no path of a file.

        Notes
        -----
        Complete in itself, and without any script; no extra is needed. No time and no speed is in it: the
        same matchings give the same bytes.
        """
        from twinmatch.europe.page import report

        return report(self, place("report", "path", path, folder=False), lang=lang)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values that JSON can hold; ``docs/europe.md`` lists them."""
        return {
            "format": _FORMAT,
            "twinmatch": __version__,
            "policy": self.policy,
            "mechanism": self.mechanism,
            "states": [dict(row) for row in self.rows],
            "pairs": {state: dict(found) for state, found in self.pairs.items()},
            "mutual": self.mutual,
            "partnerships": {str(times): number for times, number in self.partnerships.items()},
            "without_schools": list(self.without_schools),
            "seconds": self.seconds,
        }

    def __str__(self) -> str:
        return as_text(self)
