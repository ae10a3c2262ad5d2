"""What of a policy can give way: floors, caps, wishes, least numbers of partners, locks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twinmatch.elastic import Stretch
from twinmatch.policy.quotas import LockedPairs

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from twinmatch.graph.constraints import Prices
    from twinmatch.posed import Posed
    from twinmatch.solvers.kinds import Kinds

    Bool = npt.NDArray[np.bool_]

__all__ = ["Lever", "Levers"]


class Lever(NamedTuple):
    """Something that can give way: a floor or cap by quota, wishes, least partners and locks by part."""

    kind: str
    number: int


class Levers:
    """The levers of a question, by kind of node and part of the policy."""

    def __init__(self, question: Posed, kinds: Kinds, keep: frozenset[str]) -> None:
        self.question, self.kinds, self.keep = question, kinds, keep
        self.limits = question.limits
        self.owner = {
            side: question.least_owner[side][np.unique(kind, return_index=True)[1]]
            for side, kind in (("left", kinds.left), ("right", kinds.right))
        }

    def of(self, witness: Prices | None) -> list[Lever]:
        """Return what can give way of what a witness is about; of everything, without one."""
        question, kinds = self.question, self.kinds
        levers: list[Lever] = []
        wishes: set[int] = set()
        for number, quota in enumerate(self.limits.quotas):
            price = 0 if witness is None else int(witness.quota[number])
            origin = question.origin[number]
            presses = [
                ("floor", quota.at_least > 0 and (price < 0 or witness is None)),
                ("cap", quota.at_most is not None and (price > 0 or witness is None)),
            ]
            for kind, does in presses:
                if does and origin.kind == "balance":
                    wishes.add(origin.part)
                elif does and quota.name not in self.keep:
                    levers.append(Lever(kind, number))
        levers += [Lever("wish", part) for part in sorted(wishes)]
        least: set[int] = set()
        for side in ("left", "right"):
            needs = getattr(kinds.limits, f"{side}_least") > 0
            if witness is not None:
                needs &= getattr(witness, side) < 0
            least |= set(self.owner[side][needs].tolist())
        levers += [Lever("least", part) for part in sorted(least - {-1})]
        if len(self.limits.locked):
            locks = [n for n, part in enumerate(question.policy.quotas) if isinstance(part, LockedPairs)]
            levers += [Lever("lock", part) for part in locks]
        names = [part.name for part in question.policy.quotas]
        return [lever for lever in levers if names[self.part_of(lever)] not in self.keep]

    def part_of(self, lever: Lever) -> int:
        """Return the position of the part of the policy that a lever is of."""
        if lever.kind in ("floor", "cap"):
            return self.question.origin[lever.number].part
        return lever.number

    def stretch(self, levers: Collection[Lever]) -> Stretch:
        """Return what may give way, for the network."""
        question = self.question
        floors = {lever.number for lever in levers if lever.kind == "floor"}
        caps = {lever.number for lever in levers if lever.kind == "cap"}
        wishes = {lever.number for lever in levers if lever.kind == "wish"}
        for number, origin in enumerate(question.origin):
            if origin.kind == "balance" and origin.part in wishes:
                floors.add(number)
                caps.add(number)
        least = [lever.number for lever in levers if lever.kind == "least"]
        locked = np.zeros(len(self.limits.locked), bool)
        for lever in levers:
            if lever.kind == "lock":
                locked |= self._locked_by(lever.number)
        return Stretch(
            frozenset(floors),
            frozenset(caps),
            np.isin(self.owner["left"], least),
            np.isin(self.owner["right"], least),
            locked,
        )

    def _locked_by(self, part: int) -> Bool:
        """Return which locked pairs a part asks for."""
        question = self.question
        pairs = set(getattr(question.policy.quotas[part], "pairs", ()))
        named = zip(
            question.left.ids[self.limits.locked[:, 0]],
            question.right.ids[self.limits.locked[:, 1]],
            strict=True,
        )
        return np.array([pair in pairs for pair in named], bool)
