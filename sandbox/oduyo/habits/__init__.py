"""Habits: how a real site treats what it is sent.

A *reading* is an open point of the documentation, a *fault* is an answer that goes wrong at a seeded moment, and a *habit*
is what a site does each time, or to some records each time. Habits that are readings already: a limit on pages
(``list_cap``), a lag of all lists (``list_lag_s``), updates that lose absent fields (``update_keeps_absent``), loose text
comparison (``text_compare``). One habit is one struct: what it does, and by the fields of
:class:`~sandbox.oduyo.habits.base.Habit` to what. Several can be in force at once, also of one kind.
"""
