"""Schools to try things on: the bundled registers, a sample of them, and synthetic markets."""

from twinmatch.datasets.bundled import france_eu, sample
from twinmatch.datasets.synthetic import synthetic

__all__ = ["france_eu", "sample", "synthetic"]
