"""Fuzz targets, run by `make fuzz-readers`."""
