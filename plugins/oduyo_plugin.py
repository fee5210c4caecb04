"""Registers the run page where the package lies in Airflow's plugins folder.

An installed package registers it by its entry point; then nothing is done here, as Airflow reports a plugin that comes
twice as an error.
"""

from __future__ import annotations

from importlib.metadata import entry_points

if not any(point.value.startswith("oduyo_provider.") for point in entry_points(group="airflow.plugins")):
    from oduyo_provider.page.plugin import OduyoPlugin  # noqa: F401  Airflow looks for it in this module
