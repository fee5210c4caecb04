"""Clocks and the look of log tables."""
