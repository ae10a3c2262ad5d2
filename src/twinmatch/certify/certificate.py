"""What a check found: claim by claim, with the numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from twinmatch.errors import CertificateError, Fault, FormatError
from twinmatch.status import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NO_OTHER", "Certificate", "Claim", "Findings"]

#: What is said of bounds that hold for the pairings that keep a guarantee, and for no others.
NO_OTHER = "the guarantee leaves no other"


@dataclass(frozen=True)
class Claim:
    """
    One thing that a matching claims, and what the check made of it.

    Parameters
    ----------
    name : str
        What is claimed: ``"objective"``, ``"prices"``, ...
    ok : bool
        Whether it was checked and is true.
    detail : str
        The numbers, in a sentence.
    """

    name: str
    ok: bool
    detail: str


class Findings(NamedTuple):
    """
    What a check found out about the guarantee of a procedure.

    Attributes
    ----------
    claims : tuple of Claim
    pairs : int
        Pairs that it evaluated.
    seconds : float
        What that took.
    """

    claims: tuple[Claim, ...]
    pairs: int
    seconds: float


_CANCELLED = Claim("check", False, "the check was cancelled")


@dataclass(frozen=True)
class Certificate:
    """
    The outcome of checking a matching against all its pairs.

    Parameters
    ----------
    claims : tuple of Claim
        In the order in which they were checked.
    status : str
        The status that was claimed.
    objective : int or None
        Points of all pairs, or what the mechanism counts instead, recomputed. None where the pairs do not
        allow it.
    bound : int or None
        No matching that covers as many left schools has more points (:term:`bound`): recomputed from the
        prices over all pairs. None where the prices do not allow it, or the pass was cancelled. Of a
        procedure: no matching that keeps its guarantee, and so with ``coverage_bound``.
    coverage : int or None
        Left schools that have a partner, recounted.
    coverage_bound : int or None
        No matching covers more left schools: recomputed from the :term:`witness`.
    pairs_checked : int
        Pairs that the pass has an answer for, admissible or not: those that it evaluated, and those excluded.
    pass_seconds : float
        What the pass took.
    seconds : float
        What the whole check took.
    pairs_excluded : int
        Pairs that it did not evaluate, because a bound excludes them; none in a :term:`plain pass`.

    Notes
    -----
    ``objective``, ``bound``, ``coverage`` and ``coverage_bound`` are what the check computed, never
    what it was told.
    """

    claims: tuple[Claim, ...]
    status: str
    objective: int | None
    bound: int | None
    coverage: int | None
    coverage_bound: int | None
    pairs_checked: int
    pass_seconds: float
    seconds: float
    pairs_excluded: int = 0

    @classmethod
    def cancelled(cls, status: str, seconds: float) -> Self:
        """
        Return what there is to say of a check that was cancelled: nothing holds or is refused.

        Parameters
        ----------
        status : str
            The status that was claimed.
        seconds : float
            What the check took until then.
        """
        return cls((_CANCELLED,), status, None, None, None, None, 0, 0.0, seconds)

    @property
    def was_cancelled(self) -> bool:
        """Whether the check was cancelled: then nothing is known, for or against the matching."""
        return _CANCELLED in self.claims

    @property
    def ok(self) -> bool:
        """Whether every claim holds."""
        return bool(self.claims) and all(claim.ok for claim in self.claims)

    @property
    def gap(self) -> int | None:
        """Points between the bound and the objective; None where one of them is unknown."""
        if self.bound is None or self.objective is None:
            return None
        return self.bound - self.objective

    @property
    def relative_gap(self) -> float | None:
        """The gap over the bound (over 1 where the bound is 0)."""
        if self.gap is None or self.bound is None:
            return None
        return self.gap / max(1, abs(self.bound))

    @property
    def pairs_per_second(self) -> float:
        """The rate of the pass."""
        return self.pairs_checked / max(self.pass_seconds, 1e-9)

    def raise_for_failure(self) -> Self:
        """
        Return the certificate if every claim holds.

        Raises
        ------
        CertificateError
            Listing every claim that was refused.
        """
        if not self.ok:
            refused = tuple(f"{claim.name}: {claim.detail}" for claim in self.claims if not claim.ok)
            raise CertificateError(refused or ("nothing was claimed",))
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return everything, verdict and gap included, in types that JSON has."""
        derived = {
            "ok": self.ok,
            "was_cancelled": self.was_cancelled,
            "gap": self.gap,
            "relative_gap": self.relative_gap,
            "pairs_per_second": self.pairs_per_second,
        }
        return {**derived, **asdict(self), "claims": [asdict(claim) for claim in self.claims]}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """
        Return the certificate that :meth:`to_dict` made a record of.

        The verdict is worked out again from the claims, and not read. Times are 0 where the record has none,
        as in a saved folder. To know whether a saved matching is right, check it again: a record proves
        nothing.

        Raises
        ------
        FormatError
            If the record lacks something.
        """
        record = {"pass_seconds": 0.0, "seconds": 0.0, "pairs_excluded": 0, **record}
        missing = [field.name for field in fields(cls) if field.name not in record]
        if missing:
            raise FormatError("certificate record", [Fault(name, "missing") for name in missing])
        values = {field.name: record[field.name] for field in fields(cls)}
        claims = tuple(Claim(str(c["name"]), bool(c["ok"]), str(c["detail"])) for c in record["claims"])
        return cls(**{**values, "claims": claims})

    def __str__(self) -> str:
        refused = sum(not claim.ok for claim in self.claims)
        verdict = "every claim holds" if self.ok else f"{refused} of {len(self.claims)} claims REFUSED"
        if self.was_cancelled:
            return "Certificate: the check was CANCELLED; nothing is known, for or against the matching"
        lines = [f"Certificate: {verdict}", f"  {'status':<14} {Status(self.status)}" if self.ok else ""]
        # What is counted depends on the mechanism: points, or what points count for.
        lines += [f"  {'objective':<14} {_number(self.objective)} (as the mechanism counts)"]
        lines += [f"  {'bound':<14} {_number(self.bound)}{self._gap_in_words()}{self._among()}"]
        most = f" of at most {_number(self.coverage_bound)}"
        if among := self._among():
            most = f", the most{among.removeprefix(',')}"
        lines += [f"  {'coverage':<14} {_number(self.coverage)}{most}"]
        name = "pruned pass" if self.pairs_excluded else "plain pass"
        lines += [
            f"  {name:<14} {self.pairs_checked:,} pairs in {self.pass_seconds:.2f} s: "
            f"{self.pairs_per_second:.2e} pairs/s"
        ]
        lines += ["", *(f"  [{'ok' if c.ok else 'NO'}] {c.name:<14} {c.detail}" for c in self.claims)]
        return "\n".join(line for k, line in enumerate(lines) if line or k > 1)

    def _among(self) -> str:
        """Say so where bounds are not about all pairings."""
        kept = any(claim.name == "bound" and claim.detail.endswith(NO_OTHER) for claim in self.claims)
        return ", of the pairings that keep the guarantee" if kept else ""

    def _gap_in_words(self) -> str:
        if self.gap is None or self.relative_gap is None:
            return ""
        return ", gap 0" if self.gap == 0 else f", gap {self.gap:,} ({self.relative_gap:.1e})"


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"
