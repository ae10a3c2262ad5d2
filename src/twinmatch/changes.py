"""What happens in a school year, as values for :meth:`twinmatch.Matching.repair`: ``tm.changes``."""

from twinmatch.changing import *  # noqa: F403
