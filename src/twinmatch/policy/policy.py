"""A policy: which pairs are admissible, what they are worth and what else is asked, as a frozen value."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinmatch.errors import Fault, PolicyError
from twinmatch.graph.merging import MAX_COLUMNS
from twinmatch.policy import checks
from twinmatch.policy.asked import Request
from twinmatch.policy.criteria import Criterion, OwnCriterion
from twinmatch.policy.document import document_of, text_in
from twinmatch.policy.partners import LockedPairs
from twinmatch.policy.parts import Rule, settle
from twinmatch.policy.toml import parts_from, text_of, unwritable

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from typing import Self

    from twinmatch.schools import Schools

__all__ = ["Policy"]

_COVERAGE = ("first", "points")
_MAX_TOTAL = 2**30
_MOST = {"linear": MAX_COLUMNS, "tags": MAX_COLUMNS, "distance": 1, "dot": 1}
_CALLED = {
    "linear": "compare numbers (size, social position)",
    "tags": "compare sets of tags",
    "distance": "measure distance",
    "dot": "compare vectors",
}


@dataclass(frozen=True)
class Policy:
    """
    Rules that pairs must obey, criteria that say what they are worth, and quotas on all pairs together.

    Parameters
    ----------
    rules : sequence of rules
        See :mod:`twinmatch.policy.rules`. A pair is admissible if every :term:`rule` allows it; without
        rules every pair is.
    criteria : sequence of criteria
        See :mod:`twinmatch.policy.criteria`. The :term:`points` of a pair are the sum over each
        :term:`criterion`.
    quotas : sequence of quotas
        See :mod:`twinmatch.policy.quotas`, and :term:`quota`: bounds on groups of pairs, numbers of partners,
        locked pairs. They must hold, whatever that costs in points or coverage; only a balance of countries
        gives way.
    allow_large_calls : bool
        Whether criteria that call a function of your own may be asked about more than 1e9 pairs.
    coverage : {"first", "points"}
        What comes first: that as many left schools as possible have a partner, and points among all ways to
        do so; or points, which leave a school without a partner where that is worth more.

    Notes
    -----
    Two policies with equal parts in equal order are equal and hash alike; parts are copied to
    tuples. Making a policy checks nothing; :meth:`check` and every use of it do, and raise one
    error with everything that is wrong.

    Examples
    --------
    >>> import twinmatch as tm
    >>> from twinmatch.policies import CommonLevel, LevelOverlap, PartnerInEU
    >>> policy = tm.Policy(rules=[PartnerInEU(), CommonLevel()], criteria=[LevelOverlap(weight=1000)])
    >>> policy == tm.Policy.from_toml(policy.to_toml())
    True
    """

    rules: tuple[Rule, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    quotas: tuple[Request, ...] = ()
    allow_large_calls: bool = False
    coverage: str = "first"

    def __post_init__(self) -> None:
        for name in ("rules", "criteria", "quotas"):
            parts = getattr(self, name)
            if isinstance(parts, list | tuple):
                settle(self, **{name: tuple(parts)})

    # What is wrong

    def faults(self) -> list[Fault]:
        """Return what is wrong with the policy, without looking at any school."""
        faults: list[Fault] = []
        for title, protocol in (("rules", Rule), ("criteria", Criterion), ("quotas", Request)):
            parts = getattr(self, title)
            if not isinstance(parts, tuple):
                faults.append(Fault(title, f"must be a list of {title}, not {parts!r}"))
                continue
            good = [part for part in parts if isinstance(part, protocol) and not isinstance(part, type)]
            if title == "rules":  # a criterion has all that a rule has, and a weight
                good = [part for part in good if not isinstance(part, Criterion)]
            faults += [
                Fault(title, f"must hold {title}, not {part!r}")
                for part in parts
                if not any(part is one for one in good)
            ]
            for part in good:
                faults += part.faults()
            faults += _repeated(title, [part.name for part in good])
        faults += checks.flag("allow_large_calls", self.allow_large_calls)
        if self.coverage not in _COVERAGE:
            faults.append(Fault("coverage", f"must be {' or '.join(_COVERAGE)}, not {self.coverage!r}"))
        if not faults:
            faults += self._too_much()
        return faults

    def _too_much(self) -> Iterator[Fault]:
        """Yield what each part may ask for and all of them together may not."""
        total = sum(criterion.weight or 0 for criterion in self.criteria)
        if total > _MAX_TOTAL:
            yield Fault("criteria", f"their weights add up to {total:,} points, at most {_MAX_TOTAL:,} fit")
        for kind, most in _MOST.items():
            names = [one.name for one in self.criteria if getattr(one, "uses", "") == kind]
            if len(names) > most:
                yield Fault(
                    "criteria",
                    f"{len(names)} of them {_CALLED[kind]} ({', '.join(names)}), at most {most} fit",
                )

    def check(self, left: Schools | None = None, right: Schools | None = None) -> None:
        """
        Raise if the policy contradicts itself or cannot be used on two tables.

        Parameters
        ----------
        left, right : Schools, optional
            The tables it is for; without them, only the policy itself is checked.

        Raises
        ------
        PolicyError
            With every fault: options out of range, names given twice, columns that are not there.
        """
        faults = self.faults()
        if left is not None and right is not None:
            usable = []
            for part in (*_parts(self.rules), *_parts(self.criteria), *_parts(self.quotas)):
                if not list(part.faults()):
                    wrong = list(part.table_faults(left, right))
                    faults += wrong
                    usable += [] if wrong else [part]
            faults += _forbidden_locks(usable, left, right)
        if faults:
            raise PolicyError("policy", faults)

    # Files

    def to_toml(self) -> str:
        """
        Return the policy as TOML, with every option written out.

        Raises
        ------
        PolicyError
            If the policy has faults, or a part that is code.
        """
        faults = self.faults()
        if not faults:
            faults = unwritable((*self.rules, *self.criteria, *self.quotas))
        if faults:
            raise PolicyError("policy", faults)
        options = {"allow_large_calls": True} if self.allow_large_calls else {}
        return text_of(self.rules, self.criteria, {**options, **self._coverage_option()}, self.quotas)

    def _coverage_option(self) -> dict[str, object]:
        """Return what the TOML form says of coverage: nothing where it comes first."""
        return {} if self.coverage == "first" else {"coverage": self.coverage}

    @classmethod
    def from_toml(cls, text: str, *, source: str = "policy") -> Self:
        """
        Return the policy that :meth:`to_toml` wrote, or that a person did.

        Parameters
        ----------
        text : str
            TOML. Options that are left out have their defaults.
        source : str, optional
            What errors call it.

        Raises
        ------
        PolicyError
            If it is not TOML, or with everything else that is wrong: unknown keys, kinds and
            options, and faults of the policy itself.
        """
        document = document_of(text, source)
        arguments, faults = parts_from(document, ["allow_large_calls", "coverage"])
        policy = cls(**arguments)
        faults += policy.faults()
        if faults:
            raise PolicyError(source, faults)
        return policy

    def save(self, path: str | os.PathLike[str]) -> None:
        """
        Write the policy to a TOML file, see :meth:`to_toml`.

        Parameters
        ----------
        path : path
            A file that is there is replaced.
        """
        Path(path).write_bytes(self.to_toml().encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """
        Read a policy from a TOML file, see :meth:`from_toml`.

        Parameters
        ----------
        path : path

        Raises
        ------
        OSError
            If the file cannot be opened.
        PolicyError
            If it is not a policy, with every fault.
        """
        return cls.from_toml(text_in(Path(path)), source=str(path))

    # Identity

    def fingerprint(self) -> str:
        """
        Return the SHA-256 of the TOML form, in hexadecimal.

        A criterion that is code enters by its name, its bound and where it was defined: two
        policies whose functions differ in their body only have one fingerprint.
        """
        every = (*self.rules, *self.criteria, *self.quotas)
        written = [part for part in every if not unwritable([part])]
        text = text_of(
            [part for part in written if part in self.rules],
            [part for part in written if part in self.criteria],
            {"allow_large_calls": self.allow_large_calls, **self._coverage_option()},
            [part for part in written if part in self.quotas],
        )
        for part in every:
            if isinstance(part, OwnCriterion):
                function = part.function
                place = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"
                text += f"\n# own {part.name!r} {part.upper_bound} {place}"
            elif unwritable([part]):
                text += f"\n# own {part!r}"
        return hashlib.sha256(text.encode()).hexdigest()

    # Words

    def __str__(self) -> str:
        head = f"Policy: {len(self.rules)} rules, {len(self.criteria)} criteria"
        if self.quotas:
            head += f", {len(self.quotas)} quota{'' if len(self.quotas) == 1 else 's'}"
        if self.coverage == "points":
            head += ", points before coverage"
        lines = [head]
        lines += [f"  rule       {rule.name}" for rule in _parts(self.rules)]
        for criterion in _parts(self.criteria):
            weight = criterion.weight
            worth = "any number of points" if weight is None else f"up to {weight:,} points"
            lines.append(f"  criterion  {criterion.name}: {worth}")
        lines += [f"  quota      {quota.name}: {quota.words()}" for quota in _parts(self.quotas)]
        return "\n".join(lines)


def _parts(parts: object) -> list[Any]:
    """Return what is a rule, a criterion or a quota; the rest is a fault already."""
    entries = parts if isinstance(parts, tuple) else ()
    return [part for part in entries if isinstance(part, Rule | Request) and not isinstance(part, type)]


def _forbidden_locks(parts: list[Any], left: Schools, right: Schools) -> Iterator[Fault]:
    """Yield a fault for each rule that forbids a locked pair."""
    locks = [part for part in parts if isinstance(part, LockedPairs)]
    if locks:
        rules = [part for part in parts if isinstance(part, Rule) and not isinstance(part, Criterion)]
        compiled = [(rule.name, rule.compile(left, right)) for rule in rules]
        for lock in locks:
            yield from lock.rule_faults(compiled, left, right)


def _repeated(title: str, names: list[str]) -> Iterator[Fault]:
    for name in sorted({name for name in names if names.count(name) > 1}, key=repr):
        yield Fault(title, f"{names.count(name)} of them are called {name!r}", hint="Give each its own name.")
