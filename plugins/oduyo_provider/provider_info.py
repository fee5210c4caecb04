"""What Airflow reads of this provider when it starts: the connection type, its form, the hook and the operator."""

from __future__ import annotations

from typing import Any

from oduyo_provider.core.language import gettext, gettext_noop

_TEXT = ["string", "null"]

#: The form's extra fields, what everybody needs first. Source of names and defaults: :mod:`oduyo_provider.api.settings`.
#: Only the key is required: the form then marks the section that holds it and cannot be saved without it.
CONNECTION_FIELDS: dict[str, dict[str, Any]] = {
    "api_key": {
        "label": gettext_noop("API key"),
        "description": gettext_noop("Required. As copied from the Ödüyo panel; it is not encoded again."),
        "schema": {"type": "string", "format": "password", "minLength": 1},
    },
    "max_concurrency": {
        "label": gettext_noop("Requests at once"),
        "description": gettext_noop(
            "The most requests in flight per load task, 8 by default. The pace falls by itself when Ödüyo asks for it."
        ),
        "schema": {"type": ["integer", "null"], "default": 8, "minimum": 1, "maximum": 1000},
    },
    "requests_per_second": {
        "label": gettext_noop("Requests per second"),
        "description": gettext_noop("An upper bound of the rate per load task. Empty, the default, sets none."),
        "schema": {"type": ["number", "null"], "exclusiveMinimum": 0},
    },
    "timeout_s": {
        "label": gettext_noop("Timeout (seconds)"),
        "description": gettext_noop("The longest wait for one answer, 30 by default."),
        "schema": {"type": ["number", "null"], "default": 30, "exclusiveMinimum": 0, "maximum": 86400},
    },
    "settle_s": {
        "label": gettext_noop("Settling time (seconds)"),
        "description": gettext_noop(
            "How long a request whose answer was lost may still take effect in Ödüyo, 60 by default: nothing is sent a "
            "second time before."
        ),
        "schema": {"type": ["number", "null"], "default": 60, "exclusiveMinimum": 0, "maximum": 86400},
    },
    "page_size": {
        "label": gettext_noop("Records per page"),
        "description": gettext_noop(
            "How many records a listing asks for at once. Empty, the default, takes what the site check found, or else "
            "1000. It is halved by itself where a page fails, and doubled again after full pages."
        ),
        "schema": {"type": ["integer", "null"], "minimum": 1, "maximum": 10000},
    },
    "session_id_path": {
        "label": gettext_noop("Path of the session id"),
        "description": gettext_noop(
            "Empty by default: it is found by itself. Else dotted, such as oturum.anahtar, in the login's answer."
        ),
        "schema": {"type": _TEXT},
    },
    "verify": {
        "label": gettext_noop("Check the TLS certificate"),
        "description": gettext_noop(
            "true (the default), false, or the path of a CA bundle, for a site with a certificate of its own."
        ),
        "schema": {"type": _TEXT, "default": "true"},
    },
    "proxy": {
        "label": gettext_noop("Proxy"),
        "description": gettext_noop(
            "Empty by default: no proxy. Else the address of an http proxy, http://user:password@proxy.example:8080."
        ),
        "schema": {"type": _TEXT},
    },
    "site_name": {
        "label": gettext_noop("Name of the site"),
        "description": gettext_noop(
            "Empty by default: the address is the name. Where several addresses lead to one site, set one name in the "
            "connections of all, so that they share its ledger and its lock. A new name begins with an empty ledger: to go on "
            "with that of https://old.example:8443/firm, the name is old.example:8443/firm."
        ),
        "schema": {"type": _TEXT},
    },
    "allow_plain_http": {
        "label": gettext_noop("Allow plain http"),
        "description": gettext_noop(
            "Off by default: plain http shows password and key to the network. Not needed for this machine itself."
        ),
        "schema": {"type": ["boolean", "null"], "default": False},
    },
}


def _build_connection_fields() -> dict[str, Any]:
    texts = ("label", "description")
    return {
        name: {**field, **{text: gettext(field[text]) for text in texts}} for name, field in CONNECTION_FIELDS.items()
    }


def _build_connection_type() -> dict[str, Any]:
    return {
        "connection-type": "oduyo",
        "hook-class-name": "oduyo_provider.hooks.oduyo.OduyoHook",
        "hook-name": "Ödüyo",
        "ui-field-behaviour": {
            "hidden-fields": ["schema"],
            # Airflow 3.3 refuses to test a connection that was stored without a port, and says only "Bad Request".
            "relabeling": {
                "host": gettext("Site address"),
                "login": gettext("User"),
                "port": gettext("Port (443; Test needs one)"),
            },
            "placeholders": {
                "host": "https://yourcompany.oduyo.com.tr",
                "port": "443",
                "login": gettext("a user of its own, with the right to use the web service"),
                "password": gettext("the user's password"),
            },
        },
        "conn-fields": _build_connection_fields(),
    }


def get_provider_info() -> dict[str, Any]:
    """The entry point ``apache_airflow_provider``."""
    return {
        "package-name": "airflow-provider-oduyo",
        "name": "Ödüyo",
        "description": gettext("Keeps an ERP's special codes (özel kod) in step with the Ödüyo payments platform."),
        "integrations": [
            {"integration-name": "Ödüyo", "external-doc-url": "https://api.oduyo.com.tr", "tags": ["service"]}
        ],
        "hooks": [{"integration-name": "Ödüyo", "python-modules": ["oduyo_provider.hooks.oduyo"]}],
        "operators": [
            {
                "integration-name": "Ödüyo",
                "python-modules": ["oduyo_provider.operators.special_code", "oduyo_provider.operators.resources"],
            }
        ],
        "extra-links": [
            "oduyo_provider.observability.links.RunPageLink",
            "oduyo_provider.observability.links.OduyoLink",
        ],
        "connection-types": [_build_connection_type()],
    }
