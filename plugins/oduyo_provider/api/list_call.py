"""List calls of one resource, and when words instead of records mean "nothing found"."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from oduyo_provider.api.body import is_cut, is_nothing
from oduyo_provider.api.call import DEFAULT_UNKNOWN_TRIES, CallResult, CallRunner
from oduyo_provider.api.envelope import parse_envelope
from oduyo_provider.api.meaning import Classification, Meaning
from oduyo_provider.api.records import Filter, Page, encode_list, parse_page
from oduyo_provider.api.transport import Answer
from oduyo_provider.core.errors import ListingError, ListingRefusedError, LostAnswerError, NotSentError, RetryError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.record import Remote, Resource
from oduyo_provider.core.redact import Redactor, neutralise

#: How often a page of more than one record is asked for when no usable answer comes back. It may be too much for the
#: site, so that a smaller page is the better next try.
DEFAULT_PAGE_TRIES = 2
#: Statuses with which a bare ``{"status": false}`` is documented as the answer of an empty list.
_EMPTY_STATUSES = (200, 404)


class PageLostError(LostAnswerError):
    """A list call got no usable answer: a 5xx, a timeout, half of a page, or words although one record is listed."""


#: What to raise for a list call that was not carried out; a ListingError for all else.
_ERRORS: dict[Meaning, type[RetryError]] = {Meaning.UNKNOWN: PageLostError, Meaning.NOT_SENT: NotSentError}


class ListCall:
    """Asks Ödüyo for records of one resource."""

    def __init__(self, runner: CallRunner, resource: Resource, site: str, redact: Redactor) -> None:
        self._runner = runner
        self._resource = resource
        self._site = site
        self._redact = redact
        self._session = 0
        self._session_of_pages = 0

    async def fetch(self, filters: Sequence[Filter], limit: int, descending: bool) -> Page:
        """One list call, asked again in a new session where a web page answers it.

        :raises PageLostError: no usable answer came back.
        :raises RetryError: Ödüyo did not carry it out.
        """
        body = encode_list(filters, limit, descending)
        tries = DEFAULT_PAGE_TRIES if limit > 1 else DEFAULT_UNKNOWN_TRIES
        result = await self._ask(body, tries)
        # Many sites answer an ended session with their login page, or a redirect to it.
        if _is_page(result) and result.session != self._session_of_pages:
            await self.renew_session()
            result = await self._ask(body, tries)
            self._session_of_pages = result.session if _is_page(result) else 0
        if result.error is not None:
            raise result.error
        page = read_page(result.classification, result.answer, self._redact)
        if page is not None:
            return page
        raise _ERRORS.get(result.classification.meaning, ListingError)(
            gettext(
                "Ödüyo did not carry out a list call, also not when it was asked again. %(reason)s. Start the task "
                "again; if it stays so, check in the Ödüyo panel whether the user may list these records.",
                reason=result.classification.reason.rstrip("."),
            )
        )

    async def _ask(self, body: bytes, tries: int) -> CallResult:
        result = await self._runner.run(f"{self._resource.path}/list", body, unknown_tries=tries)
        self._session = result.session
        return result

    async def has_session(self, number: int) -> bool:
        """Whether a session still works: a record is listed within it. False where none is there to be listed."""
        page = await self.fetch((), 1, True)
        return bool(page.records) and self._session == number

    async def renew_session(self) -> None:
        """Replace the session of the last call."""
        await self._runner.renew(self._session)

    def describe(self, page: Page) -> str:
        """A sentence about a list call for one record that was answered."""
        told = {"site": self._site, "resource": self._resource.name}
        if not page.records:
            return gettext(
                "Ödüyo at %(site)s accepted the login and a list call: there is no %(resource)s yet.", **told
            )
        return gettext(
            "Ödüyo at %(site)s accepted the login and a list call: the last %(resource)s has the id %(id)s.",
            id=page.records[0]["id"],
            **told,
        )

    def refuse(self, page: Page) -> ListingRefusedError | ListingError:
        """What to raise when Ödüyo said no instead of listing."""
        said = neutralise(self._redact(page.words), 300).rstrip(".")
        if not said:
            return ListingError(
                gettext(
                    "Ödüyo at %(site)s accepted the login, but answered no to a list call for %(resource)s. Give the user "
                    "the right to list these records in the Ödüyo panel; a site that holds none yet may answer so too.",
                    site=self._site,
                    resource=self._resource.name,
                )
            )
        return ListingRefusedError(
            gettext(
                "Ödüyo at %(site)s accepted the login, but refused to list %(resource)s. It said: %(said)s. Give the "
                "connection's user the right to list these records in the Ödüyo panel, then start the task again. If the "
                "site holds none yet and the right is given, add one by hand: it is listed from then on.",
                site=self._site,
                resource=self._resource.name,
                said=said,
            )
        )


def _is_page(result: CallResult) -> bool:
    """Whether a list call was answered with a web page, or sent elsewhere; half an answer of the API is none."""
    answer = result.answer
    if result.classification.meaning is not Meaning.UNKNOWN or answer is None or answer.status >= 400:
        return False
    return answer.status >= 300 or not is_cut(answer.body)


def read_page(classification: Classification, answer: Answer | None, redact: Callable[[str], str]) -> Page | None:
    """What the answer to a list call holds; None when it is neither records nor a no.

    :param redact: removes secrets from what an error shows.

    :raises ListingError: as :func:`.records.parse_page`.
    """
    if answer is None:
        return None
    if classification.meaning is Meaning.DONE:
        return Page([], is_no=answer.status != 200) if is_nothing(answer.body) else parse_page(answer.body, redact)
    envelope = parse_envelope(answer.body)
    if classification.meaning is not Meaning.REFUSED or envelope is None:
        return None
    if envelope.words:
        return Page([], envelope.words, is_no=True)
    return Page([], is_no=True) if answer.status in _EMPTY_STATUSES else None


class Look:
    """List calls that belong together.

    Words instead of records are a refusal, and stop the run. But some sites also answer a filter without a match in words. So
    once a call of this look was answered with a record, the user may list: then words to a filter mean that nothing was found,
    and words to a call without one that the session has ended. If one record can be listed all the same, the page was too large.
    """

    def __init__(self, call: ListCall) -> None:
        self._call = call
        self._may_list = False

    async def fetch(self, filters: Sequence[Filter], limit: int, descending: bool) -> list[Remote]:
        """One list call; an empty list proves nothing by itself.

        :raises ListingRefusedError: Ödüyo refuses to list, also after a new login.
        :raises PageLostError: it refuses to list so many.
        :raises RetryError: Ödüyo did not carry it out.
        """
        page = await self._call.fetch(filters, limit, descending)
        can_be_no_match = self._may_list and bool(filters)
        if page.words and not can_be_no_match and await self._has_new_session():
            page = await self._call.fetch(filters, limit, descending)
        if page.words and limit > 1 and (await self._call.fetch(filters, 1, descending)).records:
            raise PageLostError(page.words)
        self._may_list = self._may_list or bool(page.records)
        return page.records

    async def _has_new_session(self) -> bool:
        """Ask for any record, to see whether the user may list at all; True when only a new login made that work.

        :raises ListingRefusedError: the answer is words again, also after a new login.
        """
        last = await self._call.fetch((), 1, True)
        is_renewed = bool(last.words)
        if is_renewed:
            # Ödüyo may say in words of its own that a session has expired.
            await self._call.renew_session()
            last = await self._call.fetch((), 1, True)
            if last.words:
                raise self._call.refuse(last)
        self._may_list = bool(last.records)
        return is_renewed
