"""
What every test shares: two Hypothesis profiles and a seed.

``ci`` replays the same examples on every machine, so that a red build is red at home too. ``fuzz`` draws new
ones on every run and prints the seed that draws them again: ``make fuzz``, ``make fuzz SEED=...``.
"""

from __future__ import annotations

import secrets
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, core, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,  # two shared cores: a slow example is no failure
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "fuzz",
    parent=settings.get_profile("ci"),
    derandomize=False,
    max_examples=300,
)
settings.register_profile("sanitize", parent=settings.get_profile("ci"), max_examples=8)  # each is slow there
settings.load_profile("ci")

_SEED = pytest.StashKey[int]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--hypothesis-profile") != "fuzz":
        config.stash[_SEED] = 0
        return
    given = config.getoption("--hypothesis-seed")
    config.stash[_SEED] = secrets.randbits(32) if given is None else int(given)
    core.global_force_seed = config.stash[_SEED]


def pytest_report_header(config: pytest.Config) -> str:
    seed = config.stash[_SEED]
    return (
        f"fuzz seed: {seed} (repeat with: make fuzz SEED={seed})"
        if seed
        else "fuzz seed: none, examples are fixed"
    )


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """Return the seed for tests that draw their own random instances: 0, or a new one under ``fuzz``."""
    return request.config.stash[_SEED]


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C raises, also where the tests run in the background, whose processes are told to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
