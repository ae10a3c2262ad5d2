"""A page of HTML read back with the standard library, for tests that ask what is in it."""

from __future__ import annotations

import base64
import gzip
import json
import re
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "img", "input", "br"}


class Node:
    """An element: its tag, its attributes, what is in it."""

    def __init__(self, tag: str, attributes: dict[str, str | None]) -> None:
        self.tag, self.attributes = tag, attributes
        self.inside: list[Node | str] = []

    def __getitem__(self, name: str) -> str:
        return self.attributes[name] or ""

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)

    @property
    def text(self) -> str:
        """All text in it, with single spaces."""
        return re.sub(r"[ \t\r\n]+", " ", "".join(self._texts())).strip(" ")

    def _texts(self) -> list[str]:
        return [one if isinstance(one, str) else "".join(one._texts()) for one in self.inside]

    def all(self, *tags: str, **attributes: str) -> list[Node]:
        """Return what is in it with one of these tags and these attributes, in order."""
        found = []
        for one in self.inside:
            if isinstance(one, Node):
                wanted = all(one.get(name.rstrip("_")) == value for name, value in attributes.items())
                if (not tags or one.tag in tags) and wanted:
                    found.append(one)
                found += one.all(*tags, **attributes)
        return found

    def one(self, *tags: str, **attributes: str) -> Node:
        (found,) = self.all(*tags, **attributes)
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self.stack[-1].inside.append(node)
        if tag not in VOID:
            self.stack.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack[-1].tag == tag, f"</{tag}> closes <{self.stack[-1].tag}>"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        self.stack[-1].inside.append(data)


def read(text: str) -> Node:
    """Return the root of a page; its elements must nest."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert len(reader.stack) == 1, [node.tag for node in reader.stack]
    return reader.stack[0]


def cells(table: Node) -> list[list[str]]:
    """Return the text of each cell of the body of a table."""
    return [[cell.text for cell in row.all("th", "td")] for row in table.one("tbody").all("tr")]


def captioned(page: Node, caption: str) -> list[list[str]]:
    """Return the cells of the table with a caption."""
    (found,) = (table for table in page.all("table") if table.all("caption")[0].text == caption)
    return cells(found)


def number(text: str) -> float:
    """Read a number as a page writes it, whatever the language."""
    plain = re.sub(r"[\s\u202f\xa0]", "", text).replace("\N{MINUS SIGN}", "-").replace("%", "")
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    return float(plain.replace(",", "."))


def unpacked(page: Node) -> dict[str, Any]:
    """Return what the page packs for its search."""
    packed = page.one("script", id="pairs-data").text
    content: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return content
