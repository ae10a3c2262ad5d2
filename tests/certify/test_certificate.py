"""A certificate prints on one screen, travels as JSON, and raises when it must."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from twinmatch.certify import Certificate, Claim
from twinmatch.errors import CertificateError, FormatError

GOOD = Certificate(
    claims=(Claim("objective", True, "7, recomputed"), Claim("bound", True, "8, recomputed")),
    status="FEASIBLE",
    objective=7,
    bound=8,
    coverage=2,
    coverage_bound=2,
    pairs_checked=6_000_000_000,
    pass_seconds=1.5,
    seconds=1.75,
)
BAD = replace(GOOD, claims=(*GOOD.claims, Claim("rules", False, "1 pair is not admissible")), bound=None)


def test_numbers_follow_from_the_fields():
    """Gap, relative gap, rate and verdict are worked out and never stored."""
    assert GOOD.ok
    assert (GOOD.gap, GOOD.relative_gap, GOOD.pairs_per_second) == (1, 0.125, 4e9)
    assert not BAD.ok
    assert (BAD.gap, BAD.relative_gap) == (None, None)


def test_nothing_claimed_is_not_ok():
    """An empty certificate certifies nothing."""
    empty = replace(GOOD, claims=())
    assert not empty.ok
    with pytest.raises(CertificateError):
        empty.raise_for_failure()


def test_json_and_back():
    """A certificate survives JSON, and a record cannot talk its way to a better verdict."""
    for certificate in (GOOD, BAD):
        record = json.loads(json.dumps(certificate.to_dict()))
        assert record["ok"] is certificate.ok
        assert Certificate.from_dict({**record, "ok": True}) == certificate
    with pytest.raises(
        FormatError, match=r"certificate record: 2 faults\n  claims: missing\n  bound: missing"
    ):
        Certificate.from_dict({k: v for k, v in GOOD.to_dict().items() if k not in ("claims", "bound")})


def test_failure_names_what_was_refused():
    """``raise_for_failure`` returns a good certificate, and says which claims of a bad one fell."""
    assert GOOD.raise_for_failure() is GOOD
    with pytest.raises(CertificateError) as caught:
        BAD.raise_for_failure()
    assert caught.value.refused == ("rules: 1 pair is not admissible",)


def test_one_screen():
    """The text has the verdict first, the rate of the pass, and a line for each claim."""
    lines = str(GOOD).splitlines()
    assert lines[0] == "Certificate: every claim holds"
    assert "  plain pass     6,000,000,000 pairs in 1.50 s: 4.00e+09 pairs/s" in lines
    assert "  [ok] objective      7, recomputed" in lines
    lines = str(BAD).splitlines()
    assert lines[0] == "Certificate: 1 of 3 claims REFUSED"
    assert "  [NO] rules          1 pair is not admissible" in lines
    assert max(len(lines), 1) <= 24


def test_fields_never_change():
    """A certificate is a value."""
    with pytest.raises(FrozenInstanceError):
        GOOD.objective = 9
