"""
Every state against all others: one matching for each, and one report of them all.

Problem
    What France asks of Europe, every member state may ask: a partner abroad for each of its schools. "Both
    ways" does not mean one large matching in which everybody is on both sides. A school that wants a partner
    and a place that is offered are two things, and the proof of a matching is about one left and one right
    side.
Idea
    One matching for each state: its schools on the left, those of all *other* states on the right. Each is
    what :func:`twinmatch.match` returns on these two tables, to the byte, with a proof of its own. So a
    school is asked once, in the run of its own state, and is on offer in the runs of all others, with all its
    places in each: places count anew in every run, and nothing is shared between runs.
Data flow
    ``states`` puts tables into one and cuts it again, ``asking`` finds everything that is wrong with a call,
    ``standing`` sees what of an earlier call still stands, ``one`` pairs, checks and saves one state,
    ``rows`` says what it found in a row, ``ways`` counts over all runs, ``result`` holds it, ``screen`` and
    ``page`` show it, ``keeping`` writes it for programs; ``running`` is the loop.
"""

from __future__ import annotations

from twinmatch.europe.result import StateMatchings
from twinmatch.europe.running import match_states

__all__ = ["StateMatchings", "match_states"]
