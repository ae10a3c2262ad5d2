"""How a matching is kept for later: a folder that is read back, and a page that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinmatch.room import bounded

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from twinmatch.matching import Matching

__all__ = ["report", "save"]


@bounded
def save(matching: Matching, directory: str | os.PathLike[str]) -> None:
    """
    Write the matching and everything its proof needs into a folder.

    Parameters
    ----------
    directory : path
        Made if it is missing. An earlier matching in it is replaced as a whole: whenever the program is
        killed, the folder holds the old one or the new one. Other files stay.

    Raises
    ------
    InputError
        If that is no path, an empty one, a file, below a file, or if a folder in it has the name of one of
        the files.
    ResourceLimitError
        If the disk is full; what was there before is as it was.
    OSError
        If the system does not let it be written.

    Notes
    -----
    Tables as Parquet and CSV, the policy as TOML, numbers as JSON; see ``docs/files.md``. The same
    matching gives the same bytes.
    """
    from twinmatch.saving import save

    save(matching, directory)


@bounded
def report(matching: Matching, path: str | os.PathLike[str], *, lang: str = "en") -> Path:
    """
    Write a report that people read: one page of HTML, complete in itself.

    Parameters
    ----------
    path : path
        The file to write, such as ``twins.html``; folders on the way are made, an older file is replaced.
    lang : {"en", "fr"}, optional

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If the language is another one, or the path is none, or a folder.
    MissingExtraError
        If what draws figures is not installed: ``pip install 'twinmatch[report]'``.

    Notes
    -----
    It fetches nothing, and is below 5 MB for the whole registers: summary, certificate, map, partners,
    points, equity, quotas, schools without a partner, a table of all pairs to search in, and the notice.
    The matching is verified first, unless it was before; drawing takes some ten seconds at most. The same
    matching gives the same bytes where the same versions draw. What figures show are the tables of
    :mod:`twinmatch.reporting.tables` and :mod:`twinmatch.reporting.equity`.

    Examples
    --------
    >>> import twinmatch as tm
    >>> matching = tm.match(*tm.datasets.sample())
    >>> matching.report("twins.html", lang="fr")  # doctest: +SKIP
    PosixPath('twins.html')
    """
    from twinmatch.reporting import report
    from twinmatch.saving import place

    return report(matching, place("report", "path", path, folder=False), lang=lang)
