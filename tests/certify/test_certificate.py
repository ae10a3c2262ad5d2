"""A certificate prints on one screen, travels as JSON, and raises when it must."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace

import pytest

from twinmatch.certify import Certificate, Claim
from twinmatch.certify.certificate import NO_OTHER
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


def test_bounds_of_a_procedure_say_of_which_pairings_they_are():
    """The bound of a guarantee is one of those that keep it, and so is the coverage."""
    kept = replace(GOOD, claims=(Claim("bound", True, f"8 claimed: {NO_OTHER}"),))
    said = str(kept).splitlines()
    assert said[0] == "Certificate: every claim holds"
    assert said[3] == "  bound          8, gap 1 (1.2e-01), of the pairings that keep the guarantee"
    assert said[4] == "  coverage       2, the most of the pairings that keep the guarantee"


def test_what_is_printed():
    """Status where everything holds, refused claims counted, numbers or that they are unknown."""
    said = str(GOOD).splitlines()
    assert said[1:6] == [
        "  status         FEASIBLE",
        "  objective      7 (as the mechanism counts)",
        "  bound          8, gap 1 (1.2e-01)",
        "  coverage       2 of at most 2",
        "  plain pass     6,000,000,000 pairs in 1.50 s: 4.00e+09 pairs/s",
    ]
    assert said[-2:] == ["  [ok] objective      7, recomputed", "  [ok] bound          8, recomputed"]
    assert str(replace(GOOD, bound=7)).splitlines()[3] == "  bound          7, gap 0"
    said = str(BAD).splitlines()
    assert said[0] == "Certificate: 1 of 3 claims REFUSED"
    assert "  bound          unknown" in said
    assert said[-1] == "  [NO] rules          1 pair is not admissible"


def test_gaps_of_small_and_negative_bounds():
    """Relative to the bound without its sign, to 1 where that is smaller; rates without a time."""
    for bound, objective, relative in ((-4, -6, 0.5), (0, -3, 3.0), (1, 0, 1.0), (2, 0, 1.0)):
        assert replace(GOOD, bound=bound, objective=objective).relative_gap == relative
    assert replace(GOOD, objective=None).relative_gap is None
    assert replace(GOOD, pairs_checked=5, pass_seconds=0.0).pairs_per_second == pytest.approx(5e9)
    record = GOOD.to_dict()
    assert [record[name] for name in ("ok", "gap", "relative_gap", "pairs_per_second")] == [
        True,
        1,
        0.125,
        4e9,
    ]


def test_a_record_without_times():
    """Saved folders keep none: both are 0."""
    record = {key: value for key, value in GOOD.to_dict().items() if not key.endswith("seconds")}
    assert Certificate.from_dict(record) == replace(GOOD, pass_seconds=0.0, seconds=0.0)
