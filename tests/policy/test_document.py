"""Policies as files: what is no text, and what is no policy."""

from __future__ import annotations

import pytest

import twinmatch as tm
from twinmatch.errors import PolicyError


def test_a_policy_in_another_encoding_is_refused_without_its_text(tmp_path):
    """The message says what is wrong, and nothing that caused it carries the text along."""
    path = tmp_path / "policy.toml"
    path.write_bytes('format = 1\nname = "secret é"\n'.encode("latin-1"))
    with pytest.raises(PolicyError, match="is not UTF-8 text") as caught:
        tm.Policy.load(path)
    assert caught.value.__context__ is None
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("format = true", "format"),
        ('format = "1"', "format"),
        ("format = 99", "format"),
        ("format = 1\nrules = 3", "rules"),
        ("format = 1\ncriteria = [1]", "criteria"),
        ("format = 1\nwishes = 3", "wishes"),
        ("format = 1\n[[rules]]\nkind = 3", "rules[0].kind"),
        ('format = 1\n[[criteria]]\nkind = "nothing"', "criteria[0].kind"),
        ('format = 1\n[[criteria]]\nkind = "size_similarity"\nweight = 3\nheight = 4', "criteria[0].height"),
        ('format = 1\n[[criteria]]\nkind = "size_similarity"', "criteria[0].weight"),
    ],
)
def test_everything_that_cannot_be_read_is_named(text, where):
    """A fault says where it is in the document."""
    with pytest.raises(PolicyError) as caught:
        tm.Policy.from_toml(text)
    assert where in [fault.where for fault in caught.value.faults]
