"""
Reports: a matching as a page that people read.

Data flow one way: ``tables`` and ``equity`` count, ``charts`` and ``maps`` draw, ``summary``,
``figures`` and ``listing`` write sections, and ``page`` puts them together; ``words`` has the phrases.
matplotlib and altair are imported when something is drawn.
"""

from __future__ import annotations

from twinmatch.reporting.page import page, report

__all__ = ["page", "report"]
