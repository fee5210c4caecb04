"""Habits: how a real site treats what it is sent.

A *reading* is an open point of the documentation, a *fault* is an answer that goes wrong at a seeded moment, and a *habit*
is what a site does each time, or to some records each time. One habit is one struct: what it does, and by the fields of
:class:`~sandbox.oduyo.habits.base.Habit` to what. Several can be in force at once, also of one kind.
"""
