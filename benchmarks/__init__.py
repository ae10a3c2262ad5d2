"""Measured runs: ``python -m benchmarks NAME [--json FILE] [--quick]``."""
