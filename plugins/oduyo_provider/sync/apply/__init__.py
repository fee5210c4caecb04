"""Sends a plan's changes, each exactly once."""
