"""Colours: one for each country of the partners, readable on white and unlike in lightness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FAINT", "INK", "LEFT", "OTHERS", "PAPER", "QUIET", "colours", "shade"]

INK: Final = "#1d2433"
"""Text and lines that matter."""
QUIET: Final = "#5b6474"
"""Text that says how to read; 5.9:1 on white."""
FAINT: Final = "#d9dce3"
"""Lines of a grid."""
PAPER: Final = "#ffffff"
LEFT: Final = "#24408e"
"""Left schools."""
OTHERS: Final = "#7d8594"
"""Countries beyond the first few, together."""

_COUNTRIES: Final = (
    "#d1495b",  # raspberry
    "#00798c",  # teal
    "#c77700",  # amber
    "#6a4c93",  # violet
    "#4f7d2c",  # moss
    "#b0508e",  # mauve
    "#8a5a44",  # bark
    "#3d7dca",  # sky
)


def colours(countries: Sequence[str]) -> dict[str, str]:
    """Return a colour for each country, given most frequent first; those beyond the eighth share one."""
    return {
        country: _COUNTRIES[rank] if rank < len(_COUNTRIES) else OTHERS
        for rank, country in enumerate(countries)
    }


#: The darkest shade on which text in :data:`INK` has a contrast of 4.5:1 still.
_DARKEST: Final = "#7391db"


def shade(share: float) -> str:
    """Return a background for a share: white for none, darker with its root: small ones are seen."""
    part = min(max(share, 0.0), 1.0) ** 0.5
    low, high = (tuple(bytes.fromhex(colour[1:])) for colour in (PAPER, _DARKEST))
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(low, high, strict=True))
