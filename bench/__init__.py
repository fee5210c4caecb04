"""Measurements, each against a stated bound or beside other people's ways of doing the same work."""
