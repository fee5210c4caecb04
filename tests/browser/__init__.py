"""Airflow in a browser.

This file makes the folder a package for pytest, so that fixtures of the scope ``package`` end with its last test: a running
browser keeps an event loop in this thread, beside which no later test could start one of its own.
"""
