"""Markets of some size for the tests of executors, and what has to be the same of two matchings."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import twinmatch as tm
from twinmatch.policies import CountryBalance, CoverageFloor, PartnersPerSchool, Quota, QuotaPer

#: Searches of so few rows are handed to executors in these tests.
FEW_ROWS = 250


CAPS = QuotaPer("caps", right=["country"], at_most_share=0.15)
FLOORS = CoverageFloor("floors", per=["academie"], at_least_share=0.8)
PRIVATE = {"sector": ["private"]}
#: Quotas of every kind, each with a market that they press in: more than a million pairs, that are not
#: written down.
QUOTAS = {
    "caps": ((1500, 3000), [CAPS]),
    "floors": ((1500, 1300), [FLOORS]),
    "balance": ((1500, 3000), [CountryBalance()]),
    "relative": ((1500, 1300), [CoverageFloor("relative", per=["academie"], within=0.02)]),
    "nested": (
        (1500, 3000),
        [CAPS, QuotaPer("finer", right=["country", "sector"], at_most_share=0.1), FLOORS],
    ),
    "across": ((1500, 1300), [CAPS, FLOORS, CoverageFloor("nation", left=PRIVATE, at_least_share=0.9)]),
    "several": ((1500, 3000), [PartnersPerSchool("two", side="left", most=2, conditions=PRIVATE)]),
    "pairs": ((1500, 3000), [Quota("Spain", left=PRIVATE, right={"country": ["ES"]}, at_least=80)]),
    "cells": (
        (1200, 2400),
        [CAPS, QuotaPer("cells", left=["sector"], right=["country"], at_most_share=0.12)],
    ),
    "points": ((1500, 3000), []),
}


def under(name):
    """Return two tables and a policy with quotas."""
    world, quotas = QUOTAS[name]
    coverage = "points" if name == "points" else "first"
    return (
        *market(*world),
        replace(tm.policies.systematic_twinning(), quotas=tuple(quotas), coverage=coverage),
    )


@cache
def alone_under(name):
    """Return the matching that is found without an executor."""
    return tm.match(*under(name))


@cache
def market(num_left, num_right, places=None, kind="mild"):
    """Two tables."""
    return tm.datasets.synthetic(num_left, num_right, places=places, market=kind, seed=7)


@cache
def alone(*world):
    """Return the matching that is found without an executor."""
    return tm.match(*market(*world))


def bytes_of(matching):
    """Everything that has to be the same, whoever did the work."""
    arrays = (matching.mate, matching.right_price, matching.witness_left)
    numbers = (matching.status, matching.limit, matching.objective, matching.bound, matching.coverage)
    return matching.digest, matching.seal, *numbers, *(array.tobytes() for array in arrays)


def claims_of(certificate):
    """Everything of a certificate but the seconds that it took."""
    numbers = (certificate.objective, certificate.bound, certificate.pairs_checked)
    return certificate.ok, certificate.claims, *numbers
