"""Pieces of a page. Text is escaped here and nowhere else: what arrives as :class:`Html` is left as it is."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Html", "block", "figure", "joined", "picture", "section", "table", "text"]


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Html:
    """
    Return a value as HTML.

    Examples
    --------
    >>> text("<b>"), text(Html("<b>"))
    ('&lt;b&gt;', '<b>')
    """
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def block(tag: str, *inside: object, **attributes: object) -> Html:
    """
    Return an element.

    Parameters
    ----------
    tag : str
    *inside : object
        What it holds; escaped unless it is :class:`Html`.
    **attributes : object
        None and False leave one out, True writes its name alone; ``class_`` and ``for_`` lose their bar,
        other bars become hyphens.
    """
    said = []
    for name, value in attributes.items():
        key = name.rstrip("_").replace("_", "-")
        if value is True:
            said.append(f" {key}")
        elif value is not None and value is not False:
            said.append(f' {key}="{html.escape(str(value))}"')
    return Html(f"<{tag}{''.join(said)}>{joined(inside)}</{tag}>")


def joined(parts: Iterable[object]) -> Html:
    """Return parts one after the other, escaped unless they are :class:`Html`."""
    return Html("".join(text(part) for part in parts))


def table(
    caption: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Iterable[int] = (),
    class_: str = "numbers",
    hidden: bool = False,
) -> Html:
    """
    Return a table whose first column heads its rows.

    Parameters
    ----------
    caption : str
    heads : sequence of str
        What heads the columns.
    rows : iterable of sequences
    numbers : iterable of int, optional
        Columns of numbers, set flush right.
    hidden : bool, optional
        Whether the caption is for readers who hear the page only.
    """
    right = frozenset(numbers)

    def cell(tag: str, k: int, value: object, **more: object) -> Html:
        return block(tag, value, class_="number" if k in right else None, **more)

    head = block("tr", *(cell("th", k, name, scope="col") for k, name in enumerate(heads)))
    body = (
        block(
            "tr",
            *(
                cell("td", k, value) if k else cell("th", k, value, scope="row")
                for k, value in enumerate(row)
            ),
        )
        for row in rows
    )
    told = block("caption", caption, class_="heard" if hidden else None)
    inner = block("table", told, block("thead", head), block("tbody", *body), class_=class_)
    return block("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)


def picture(data: bytes, kind: str, alt: str, *, size: tuple[int, int] | None = None) -> Html:
    """
    Return a picture that is part of the page.

    Parameters
    ----------
    data : bytes
    kind : str
        Its type, such as ``image/svg+xml``.
    alt : str
        What it says, for those who do not see it.
    size : (int, int), optional
        Width and height in pixels, so that the page does not jump.
    """
    wide, high = size if size else (None, None)
    source = f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
    # An element that holds nothing has no end.
    return Html(block("img", src=source, alt=alt, width=wide, height=high).removesuffix("</img>"))


def figure(image: Html, caption: object, details: object = "") -> Html:
    """Return a figure with what it shows below it, and its numbers."""
    return block("figure", image, block("figcaption", caption), details)


def section(name: str, title: str, *inside: object) -> Html:
    """Return a section with its heading; ``name`` is where links to it lead."""
    head = block("h2", title, id=f"{name}-head")
    return block("section", head, *inside, id=name, aria_labelledby=f"{name}-head")
