"""Bytes, text and JSON: what is no text, and what is too much of it."""

from __future__ import annotations

import pytest

from twinmatch.errors import FormatError
from twinmatch.intake.content import json_value, utf8
from twinmatch.intake.limits import DEFAULT, ReadLimits


def test_json_counts_four_times():
    """What JSON becomes in memory is some times what it was in the file."""
    assert json_value("x", b'{"a": 1}', ReadLimits(total_bytes=32)) == {"a": 1}
    with pytest.raises(FormatError, match="is 8 bytes of JSON, which count four times, and 31 is the limit"):
        json_value("x", b'{"a": 1}', ReadLimits(total_bytes=31))


def test_half_a_letter_is_no_text():
    """UTF-7 can spell half of a pair of surrogates, which no text in UTF-8 has."""
    assert utf8("x", "é\n".encode("utf-7"), "utf-7", DEFAULT) == "é\n".encode()
    with pytest.raises(FormatError, match="is not utf-7") as caught:
        utf8("x", b"id\n+2AA-\n", "utf-7", DEFAULT)
    assert caught.value.__context__ is None


def test_text_that_grows_in_utf8_is_counted_as_it_becomes():
    """A letter of one byte may take two: the limit is on what it becomes."""
    data = "é".encode("latin-1") * 3_000_000
    assert len(utf8("x", data, "latin-1", DEFAULT)) == 6_000_000
    with pytest.raises(FormatError, match=r"is more than 4,\d+,\d+ bytes in UTF-8, and 4,000,000"):
        utf8("x", data, "latin-1", ReadLimits(total_bytes=4_000_000))
