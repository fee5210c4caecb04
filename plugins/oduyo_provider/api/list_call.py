"""One list call of one resource, with its errors."""

from __future__ import annotations

from collections.abc import Sequence

from oduyo_provider.api.call import DEFAULT_UNKNOWN_TRIES, CallRunner
from oduyo_provider.api.meaning import Meaning
from oduyo_provider.api.records import Filter, encode_list, parse_records
from oduyo_provider.core.errors import ListingError, LostAnswerError, NotSentError, RetryError
from oduyo_provider.core.record import Remote, Resource

#: How a list call failed, by the meaning of its last answer; any other is a ListingError.
_ERRORS: dict[Meaning, type[RetryError]] = {Meaning.UNKNOWN: LostAnswerError, Meaning.NOT_SENT: NotSentError}


class ListCall:
    """Asks Ödüyo for records of one resource."""

    def __init__(self, runner: CallRunner, resource: Resource) -> None:
        self._runner = runner
        self._resource = resource

    async def fetch(self, filters: Sequence[Filter], limit: int, descending: bool) -> list[Remote]:
        """One list call. A "no" counts as an empty page: the API does not tell "none" from "failed"."""
        records, _ = await self.fetch_or_no(filters, limit, descending)
        return records

    async def fetch_or_no(self, filters: Sequence[Filter], limit: int, descending: bool) -> tuple[list[Remote], str]:
        """One list call: its records, and Ödüyo's words when it said no; these are empty when it did not.

        :raises RetryError: Ödüyo did not carry it out.
        """
        result = await self._runner.run(
            f"{self._resource.path}/list", encode_list(filters, limit, descending), unknown_tries=DEFAULT_UNKNOWN_TRIES
        )
        meaning, reason, answer = result.classification.meaning, result.classification.reason, result.answer
        if meaning is Meaning.DONE and answer is not None:
            return parse_records(answer.body), ""
        if meaning is Meaning.REFUSED and answer is not None and answer.status in (200, 404):
            return [], reason
        if result.error is not None:
            raise result.error
        raise _ERRORS.get(meaning, ListingError)(
            f"Ödüyo did not carry out a list call, also not when it was asked again. {reason.rstrip('.')}. "
            "Start the task again; if it stays so, check in the Ödüyo panel whether the user may list these records."
        )
