"""Which register a file is, from the names of its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from twinmatch.columns import REQUIRED
from twinmatch.errors import Fault, FormatError
from twinmatch.registers.files import plain
from twinmatch.registers.french import ANNUAIRE, GEOLOCALISATION
from twinmatch.registers.gisco import is_gisco

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["FORMATS", "Format", "detect"]

Format = Literal["annuaire", "geolocalisation", "gisco", "plain"]
FORMATS: tuple[str, ...] = get_args(Format)


def detect(name: str, columns: Sequence[str]) -> Format:
    """
    Return the format of a file.

    Parameters
    ----------
    name : str
        The file's name, for messages.
    columns : sequence of str
        Its columns, in any case.

    Raises
    ------
    FormatError
        If it is none that we know; the message says what was looked for.
    """
    names = {plain(column) for column in columns}
    if {plain(column) for column in ANNUAIRE} <= names:
        return "annuaire"
    if {plain(column) for column in GEOLOCALISATION} <= names:
        return "geolocalisation"
    # The older form of GISCO's file has a column called country too, with the country's name.
    if is_gisco(names):
        return "gisco"
    if set(REQUIRED) <= names:
        return "plain"
    looked = (
        f"annuaire ({', '.join(ANNUAIRE)}), geolocalisation ({', '.join(GEOLOCALISATION)}), "
        "gisco (id, name, cntr_id, levels or id, name, cc, level), plain (id, country)"
    )
    raise FormatError(
        name,
        [
            Fault(
                "header",
                f"none of the formats we know; the file has {len(columns)} columns, looked for {looked}",
                hint=f"Rename the columns, or name the format: format='{FORMATS[0]}', ...",
            )
        ],
    )
