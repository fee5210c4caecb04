"""Errors are sorted by what their reader does next, and cross process borders."""

from __future__ import annotations

import inspect
import pickle
import re
from typing import Any

import pytest

from oduyo_provider.core import errors
from oduyo_provider.core.errors import OduyoError, RetryError, StopError

ALL = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, OduyoError)]
LEAVES = [error for error in ALL if error not in (OduyoError, StopError, RetryError)]


@pytest.mark.parametrize("error", ALL)
def test_an_error_survives_pickling(error: type[OduyoError]) -> None:
    raised: Any = error("the cause. The next step.")
    raised.extra = {"code": 404}
    copy = pickle.loads(pickle.dumps(raised))  # noqa: S301  our own bytes
    assert (type(copy), copy.args, str(copy)) == (error, raised.args, "the cause. The next step.")
    assert copy.extra == {"code": 404}


@pytest.mark.parametrize(
    ("quoted", "shown"),
    [
        ("no", "no."),
        ("Yetkiniz yok.", "Yetkiniz yok."),
        ("Bekleyiniz...", "Bekleyiniz..."),
        ("cut…", "cut…"),
        ("Why?", "Why?"),
        ("Dur!", "Dur!"),
        ("(HTTP 500.)", "(HTTP 500.)."),
        ("v1.2", "v1.2."),
    ],
)
def test_a_quoted_sentence_keeps_its_own_end_and_gets_no_second_one(quoted: str, shown: str) -> None:
    assert str(OduyoError(f"Ödüyo said: {quoted}. Give the right.")) == f"Ödüyo said: {shown} Give the right."
    assert str(OduyoError(f"Ödüyo said: {quoted}.")) == f"Ödüyo said: {shown}"


@pytest.mark.parametrize("text", ["See ../x. Go on.", "Key 'A..' is taken. Change it.", "1..3 are missing. Add them."])
def test_other_dots_stay(text: str) -> None:
    assert str(OduyoError(text)) == text


@pytest.mark.parametrize("error", LEAVES)
def test_an_error_either_stops_or_can_be_tried_again(error: type[OduyoError]) -> None:
    assert issubclass(error, StopError) is not issubclass(error, RetryError)


def test_the_drawn_tree_is_the_real_one() -> None:
    parents: dict[int, str] = {}
    drawn = {}
    for indent, name in re.findall(r"^( +(?:│ +)*(?:[├└]── )?)(\w*Error)\b", errors.__doc__ or "", re.MULTILINE):
        depth = len(indent)
        drawn[name] = max((known for known in parents.items() if known[0] < depth), default=(0, "Exception"))[1]
        parents = {known: value for known, value in parents.items() if known < depth} | {depth: name}
    assert drawn == {error.__name__: error.__base__.__name__ for error in ALL if error.__base__}


@pytest.mark.parametrize("error", ALL)
def test_an_error_says_when_it_is_raised(error: type[OduyoError]) -> None:
    assert error.__doc__ != OduyoError.__base__.__doc__
    assert (error.__doc__ or "").endswith(".")
