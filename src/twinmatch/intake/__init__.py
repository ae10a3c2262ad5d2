"""Bytes that nobody vouches for: budgets first, then text, then tables. Nothing here knows schools."""
