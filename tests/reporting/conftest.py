"""One matching of the sample, and its pages."""

from __future__ import annotations

import pytest

import twinmatch as tm
from twinmatch.reporting import charts, maps, page


@pytest.fixture(scope="session")
def sample():
    return tm.match(*tm.datasets.sample())


@pytest.fixture(scope="session")
def english(sample):
    return page(sample, lang="en")


@pytest.fixture(scope="session")
def french(sample):
    return page(sample, lang="fr")


@pytest.fixture
def undrawn(monkeypatch):
    """Leave the drawing out, where a test is about words."""
    monkeypatch.setattr(charts, "svg", lambda chart: "<svg/>")
    monkeypatch.setattr(maps, "image", lambda matching, lang: (b"", (1600, 1600)))
