"""
Explanations: why a school has its partner, what keeps others away, and the notice that French law asks for.

Prices answer without a solver, see :mod:`twinmatch.explaining.ledger`. Values come first, in no language;
pages tell them in English or French; text and HTML show pages.
"""

from __future__ import annotations

from twinmatch.explaining.answering import explain
from twinmatch.explaining.explanation import Explanation
from twinmatch.explaining.notice import Notice, notice

__all__ = ["Explanation", "Notice", "explain", "notice"]
