"""What Airflow reads of this provider when it starts: the connection type, its form, the hook and the operator."""

from __future__ import annotations

from typing import Any

_TEXT = ["string", "null"]

#: The form's extra fields. Source of names and defaults: :mod:`oduyo_provider.api.settings`.
CONNECTION_FIELDS: dict[str, Any] = {
    "api_key": {
        "label": "API key",
        "description": "As copied from the Ödüyo panel; it is not encoded again.",
        "schema": {"type": _TEXT, "format": "password"},
    },
    "max_concurrency": {
        "label": "Requests at once",
        "description": "The most requests in flight. The pace falls by itself when Ödüyo asks for it.",
        "schema": {"type": ["integer", "null"], "default": 8, "minimum": 1, "maximum": 1000},
    },
    "requests_per_second": {
        "label": "Requests per second",
        "description": "An upper bound of the rate; empty sets none.",
        "schema": {"type": ["number", "null"], "exclusiveMinimum": 0},
    },
    "timeout_s": {
        "label": "Timeout (s)",
        "description": "The longest wait for one answer.",
        "schema": {"type": ["number", "null"], "default": 30, "exclusiveMinimum": 0},
    },
    "settle_s": {
        "label": "Settling time (s)",
        "description": "How long a request whose answer was lost may still take effect in Ödüyo. Nothing is sent again before.",
        "schema": {"type": ["number", "null"], "default": 60, "exclusiveMinimum": 0},
    },
    "session_id_path": {
        "label": "Path of the session id",
        "description": "Only if the login's answer keeps it in an unusual place: dotted, e.g. oturum.anahtar.",
        "schema": {"type": _TEXT},
    },
    "verify": {
        "label": "Check the TLS certificate",
        "description": "true, false, or the path of a CA bundle.",
        "schema": {"type": _TEXT, "default": "true"},
    },
    "allow_plain_http": {
        "label": "Allow plain http",
        "description": "Plain http shows the password and the key to the network. Not needed for this machine itself.",
        "schema": {"type": ["boolean", "null"], "default": False},
    },
}


def get_provider_info() -> dict[str, Any]:
    """The entry point ``apache_airflow_provider``."""
    return {
        "package-name": "airflow-provider-oduyo",
        "name": "Ödüyo",
        "description": "Keeps an ERP's special codes (özel kod) in step with the Ödüyo payments platform.",
        "integrations": [
            {"integration-name": "Ödüyo", "external-doc-url": "https://api.oduyo.com.tr", "tags": ["service"]}
        ],
        "hooks": [{"integration-name": "Ödüyo", "python-modules": ["oduyo_provider.hooks.oduyo"]}],
        "operators": [{"integration-name": "Ödüyo", "python-modules": ["oduyo_provider.operators.special_code"]}],
        "connection-types": [
            {
                "connection-type": "oduyo",
                "hook-class-name": "oduyo_provider.hooks.oduyo.OduyoHook",
                "hook-name": "Ödüyo",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema"],
                    "relabeling": {"host": "Site address", "login": "User", "port": "Port (443 unless told otherwise)"},
                    "placeholders": {"host": "https://yourcompany.oduyo.com.tr", "port": "443", "login": "user name"},
                },
                "conn-fields": CONNECTION_FIELDS,
            }
        ],
    }
