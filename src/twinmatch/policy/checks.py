"""Checks of single options, each yielding the faults it finds."""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING

from twinmatch.errors import Fault
from twinmatch.nearby import clipped

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_WEIGHT", "country", "date", "flag", "number", "text", "weight", "whole"]

MAX_WEIGHT = 2**24
"""Most points of one criterion: up to here float32 holds every whole number."""


def whole(where: str, value: object, low: int, high: int) -> Iterator[Fault]:
    """Check a whole number in a closed range."""
    if isinstance(value, bool) or not isinstance(value, int):
        yield Fault(where, f"must be a whole number, not {clipped(value)}")
    elif not low <= value <= high:
        yield Fault(where, f"must be between {low:,} and {high:,}, not {value:,}")


def weight(where: str, value: object) -> Iterator[Fault]:
    """Check the most points of a criterion."""
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        hint = "Leave a criterion out instead of weighing it 0." if value == 0 else ""
        yield Fault(where, f"must be a positive whole number of points, not {value!r}", hint=hint)
    elif value > MAX_WEIGHT:
        yield Fault(where, f"must be at most {MAX_WEIGHT:,} points, not {value:,}")


def number(where: str, value: object, low: float, high: float, *, above: bool = False) -> Iterator[Fault]:
    """Check a finite number in a closed range, or above ``low`` and at most ``high``."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        yield Fault(where, f"must be a finite number, not {value!r}")
    elif not low <= value <= high or (above and value == low):
        least = f"above {low:g} and at most" if above else f"between {low:g} and"
        yield Fault(where, f"must be {least} {high:g}, not {value:g}")


def flag(where: str, value: object) -> Iterator[Fault]:
    """Check a truth value."""
    if not isinstance(value, bool):
        yield Fault(where, f"must be true or false, not {value!r}")


def text(where: str, value: object) -> Iterator[Fault]:
    """Check a word that is not empty and can be written as UTF-8."""
    if not isinstance(value, str) or not value.strip():
        yield Fault(where, f"must be a text that is not empty, not {clipped(value)}")
    else:
        try:
            value.encode()
        except UnicodeEncodeError:
            yield Fault(where, f"cannot be written as UTF-8: {clipped(value)}")


def country(where: str, value: object) -> Iterator[Fault]:
    """Check an ISO 3166-1 alpha-2 code."""
    if not isinstance(value, str) or len(value) != 2 or not value.isascii() or not value.isupper():
        yield Fault(where, f"must be two capital letters (ISO 3166-1), not {value!r}")
    elif value in ("EL", "UK"):
        yield Fault(where, f"is not in ISO 3166-1: {value}", hint="Greece is GR, the UK is GB.")


def date(where: str, value: object) -> Iterator[Fault]:
    """Check a calendar date."""
    if not isinstance(value, datetime.date) or isinstance(value, datetime.datetime):
        yield Fault(where, f"must be a date such as 2025-01-01, not {clipped(value)}")
