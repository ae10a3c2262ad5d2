"""The registers of the world, read into one schema."""

from twinmatch.registers.read import read_schools

__all__ = ["read_schools"]
