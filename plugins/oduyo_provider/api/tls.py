"""Sets up the check of a site's TLS certificate."""

from __future__ import annotations

import ssl
from pathlib import Path

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.redact import neutralise


def load_tls(verify: bool | str) -> bool | ssl.SSLContext:
    """What aiohttp takes as ``ssl``: whether to check, or a context that trusts the CA bundle at the path `verify`.

    A CA that a company has made for itself often lacks what RFC 5280 asks for, such as basic constraints that are marked
    critical. From Python 3.13 on such a CA is refused by default (``VERIFY_X509_STRICT``); one that the user names is not.

    :raises SettingsError: the bundle cannot be read.
    """
    if isinstance(verify, bool):
        return verify
    try:
        if Path(verify).is_dir():
            context = ssl.create_default_context(capath=verify)
        else:
            context = ssl.create_default_context(cafile=verify)
    except (OSError, ValueError) as fault:
        raise SettingsError(
            gettext(
                "The extra verify of the connection names the CA bundle '%(path)s', which cannot be read (%(cause)s). "
                "Correct the path, or put the file there on every worker.",
                path=neutralise(verify, 200),
                cause=neutralise(str(fault), 100),
            )
        ) from None
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
