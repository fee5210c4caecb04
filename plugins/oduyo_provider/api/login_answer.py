"""The session id in a login's answer.

Source: the vendor's documentation does not give the answer's shape, so every likely one is accepted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from oduyo_provider.api.envelope import parse_json
from oduyo_provider.core.errors import NoSessionIdError, NotThisApiError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.redact import neutralise

#: Names under which a login's answer carries the session, without case, ``_`` and ``-``; in order of preference.
SESSION_KEYS = ("sessionid", "token")
LONGEST_SESSION_ID = 4096
#: Keys of an answer that an error message shows.
SHOWN_KEYS = 20
LONGEST_SHOWN_PATH = 80


def parse_session_id(body: bytes, path: str | None, redact: Callable[[str], str] = str) -> str:
    """The session id out of a login's answer.

    :param path: dotted path through objects and list positions; None looks in all likely places.
    :param redact: removes secrets from the keys: a site that misreads the form takes it for one.
    :raises NotThisApiError: the answer is no JSON.
    :raises NoSessionIdError: it holds no session; the message shows its keys, never its values.
    """
    answer = parse_json(body)
    if not isinstance(answer, dict) and not (path and isinstance(answer, list)):
        raise NotThisApiError(
            gettext(
                "The login was answered with something that is not a JSON object, so this is not the Ödüyo API. Check "
                "host and path of the connection."
            )
        )
    session = _clean_session(_find_session(answer) if path is None else _walk(answer, path))
    if session is None:
        hint = gettext("session_id_path is '%(path)s'", path=path)
        if path is None:
            hint = gettext("the extra session_id_path names its place")
        raise NoSessionIdError(
            gettext(
                "The login was answered, but no session id was found in the answer; %(hint)s. Keys of the answer: "
                "%(keys)s. Set session_id_path to where the session id stands, or check host and path of the "
                "connection.",
                hint=hint,
                keys=_describe_keys(answer, redact),
            )
        )
    return session


def _find_session(answer: Any) -> object:
    """Look in the answer itself, in ``data``, and in the first element of ``data``."""
    data = answer.get("data")
    first = data[0] if isinstance(data, list) and data else data
    for place in (answer, first):
        if isinstance(place, dict):
            folded = {key.lower().replace("_", "").replace("-", ""): value for key, value in place.items()}
            for key in SESSION_KEYS:
                if _clean_session(folded.get(key)) is not None:
                    return folded[key]
    return first


def _walk(answer: object, path: str) -> object:
    place: Any = answer
    for step in (part.strip() for part in path.split(".")):
        if isinstance(place, list) and step.isdecimal() and int(step) < len(place):
            place = place[int(step)]
        elif isinstance(place, dict):
            folded = {key.lower(): value for key, value in place.items()}
            place = place[step] if step in place else folded.get(step.lower())
        else:
            return None
    return place


def _clean_session(value: object) -> str | None:
    """A usable session id: one word that a header can carry. A sentence, a flag or an object is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip().strip('"')
    usable = 0 < len(text) <= LONGEST_SESSION_ID and text.isascii() and text.isprintable() and " " not in text
    return text if usable else None


def _describe_keys(answer: object, redact: Callable[[str], str]) -> str:
    """The keys of `answer`, each as ``session_id_path`` takes it, those nearest to the top first; as one line."""
    paths: list[str] = []
    places = deque([("", answer)])
    while places and len(paths) < SHOWN_KEYS:
        above, place = places.popleft()
        items = enumerate(place[:1]) if isinstance(place, list) else place.items() if isinstance(place, dict) else ()
        for key, inner in items:
            paths.append(f"{above}{key}")
            places.append((f"{above}{key}.", inner))
    return ", ".join(neutralise(redact(path), LONGEST_SHOWN_PATH) for path in paths[:SHOWN_KEYS]) or "none"
