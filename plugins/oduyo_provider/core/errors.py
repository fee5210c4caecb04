"""Every error of this package, sorted by what its reader does next.

::

    OduyoError
    ├── StopError              a person must act; trying again cannot help
    │   ├── SettingsError          the connection, a param or an environment variable is wrong
    │   ├── LoginRefusedError      Ödüyo refuses the user, the password, the API key or their rights
    │   ├── NotThisApiError        something answers at that address, but not the Ödüyo API
    │   │   └── NoSessionIdError       a login was answered as by an API, but without a session id where it is sought
    │   ├── ListingRefusedError    Ödüyo answers list calls with words instead of records: a missing right
    │   ├── SourceError            the ERP's query, columns or connection are wrong
    │   ├── UnsafePlanError        a brake stopped the run before any write
    │   ├── OutdatedPlanError      a later plan of the same source, or another one on the same listing, may have written
    │   ├── RefusalsError          Ödüyo refused one change after the other, and took none
    │   ├── CanaryError            the first change of its kind was not stored as it was sent
    │   └── StateError             what is kept of a site is damaged, or of a newer version
    └── RetryError             the same call may succeed later
        ├── NotSentError           the request never reached Ödüyo
        ├── LostAnswerError        the request was sent, its answer never came
        ├── SourceUnavailableError the ERP's database cannot be reached just now, or broke the connection off
        ├── ListingError           a listing could not be shown to be complete
        ├── StagingError           a staged file cannot be written or read
        │   └── StagedFileError        it is gone, or is not as it was written
        ├── LeaseLostError         this process may no longer write to the site; another one may
        └── IncompleteError        some changes failed, stayed doubtful or were stale

Messages are written for the person who reads the task log: the cause first, then the next step. They hold no secret.
"""

from __future__ import annotations

import re

#: A full stop after the end of a sentence that was quoted: ``…``, ``...``, one ``.``, ``!`` or ``?``.
_DOUBLED_STOP = re.compile(r"(?:(?<=[!?…])|(?<=\.\.\.)|(?<=(?<!\.)\.))\.(?=\s|$)")


class OduyoError(Exception):
    """Anything this package raises on purpose."""

    def __init__(self, message: str = "") -> None:
        # It may quote what Ödüyo, a database or a network said, up to that sentence's own full stop.
        super().__init__(_DOUBLED_STOP.sub("", message))


class StopError(OduyoError):
    """Trying again cannot help: somebody has to change something first."""


class SettingsError(StopError):
    """A setting is missing, malformed or not allowed."""


class LoginRefusedError(StopError):
    """Ödüyo answered the login with a refusal, or sessions die as soon as they are taken."""


class NotThisApiError(StopError):
    """The address answers, but with something that is not the Ödüyo API."""


class NoSessionIdError(NotThisApiError):
    """A login's answer holds no session id where one is sought: it has another shape, or another API gave it."""


class ListingRefusedError(StopError):
    """Ödüyo refuses to list, and says so. Never taken for an empty list."""


class SourceError(StopError):
    """The ERP side cannot be read as it is configured."""


class UnsafePlanError(StopError):
    """A brake tripped; nothing was written."""


class OutdatedPlanError(StopError):
    """A later plan of the same source has passed guard, or another one on the same listing has begun to write."""


class RefusalsError(StopError):
    """Fifty changes were refused and none was taken: a wrong key, missing rights or a wrong mapping, not bad rows."""


class CanaryError(StopError):
    """The first change of its kind was read back, and is not what was sent; nothing more is sent."""


class StateError(StopError):
    """A file that is kept of a site cannot be read by this version."""


class RetryError(OduyoError):
    """The same call may succeed later."""


class NotSentError(RetryError):
    """The request did not reach Ödüyo: refused connection, DNS, connect timeout, TLS."""


class LostAnswerError(RetryError):
    """The request may have reached Ödüyo, but no usable answer came back."""


class SourceUnavailableError(RetryError):
    """The ERP's database refused or lost the connection, or is too busy to answer."""


class ListingError(RetryError):
    """A listing of Ödüyo's records is not provably complete."""


class StagingError(RetryError):
    """A staged file cannot be written, or is not what its manifest says."""


class StagedFileError(StagingError):
    """A staged file is gone, or somebody changed or cut it: what stood in it will not come back by itself."""


class LeaseLostError(RetryError):
    """The lease on the site was not renewed in time."""


class IncompleteError(RetryError):
    """Some changes were not applied; the report says which."""
