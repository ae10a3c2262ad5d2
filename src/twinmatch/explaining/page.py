"""What there is to read, before it is text or HTML: titles, paragraphs, lists and tables."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

__all__ = ["Block", "Items", "Page", "Paragraph", "Section", "Table"]


class Paragraph(NamedTuple):
    """
    A paragraph.

    Attributes
    ----------
    text : str
    """

    text: str


class Items(NamedTuple):
    """
    A list.

    Attributes
    ----------
    items : tuple of str
    """

    items: tuple[str, ...]


class Table(NamedTuple):
    """
    A table.

    Attributes
    ----------
    caption : str
        What it shows.
    head : tuple of str
        Titles of the columns.
    rows : tuple of tuple of str
        The first cell of a row is its title.
    numbers : tuple of int
        Columns that hold numbers.
    compact : bool
        Whether text shows a row as a few words in a line instead.
    foot : tuple of str
        A last row, of sums; empty for none.
    titles : tuple of str
        The titles of the rows in full, for where there is room; empty where the first cells are.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()
    compact: bool = False
    foot: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()


Block: TypeAlias = Paragraph | Items | Table


class Section(NamedTuple):
    """
    A part with a title of its own.

    Attributes
    ----------
    title : str
    blocks : tuple of blocks
    named : str
        The part of the title that names a school: its letters are never changed.
    """

    title: str
    blocks: tuple[Block, ...]
    named: str = ""


class Page(NamedTuple):
    """
    All of it.

    Attributes
    ----------
    lang : {"en", "fr"}
    title : str
    lead : tuple of str
        Paragraphs that come before all parts.
    sections : tuple of Section
    """

    lang: str
    title: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]
