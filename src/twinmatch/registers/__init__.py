"""The registers of the world, read into one schema."""
