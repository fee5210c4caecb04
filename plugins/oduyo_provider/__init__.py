"""Keep an ERP's special codes (özel kod) in step with Ödüyo, from Apache Airflow."""

from __future__ import annotations

__version__ = "0.2.0"
