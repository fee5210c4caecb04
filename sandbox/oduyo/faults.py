"""Faults on purpose: scripted or seeded rules, tried in their order; the first that fires wins.

``before`` means that the call is not carried out, ``after`` that it is, and only its answer suffers. Two kinds differ:
``slow`` and ``wrong_content_type`` always carry the call out.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec

from sandbox.oduyo.journal import Exchange

Seconds = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Status = Annotated[int, msgspec.Meta(ge=200, le=599)]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault and when it strikes.

    When:

    :param call: the call that it strikes.
    :param match: fields of the column (of the form, for a login) that must have these values.
    :param skip: the first so many matching requests are spared.
    :param times: strikes at most so often; None for always.
    :param probability: 0-1, drawn from this rule's own generator.
    :param seed: of that generator; the same seed and order of requests give the same faults.

    What:

    :param where: before or after the commit.
    :param kind: ``drop`` closes the connection without an answer; ``status`` answers ``status`` and ``body``; ``html``
        a web page; ``empty`` no body; ``truncated`` half a body; ``slow`` answers ``seconds`` late; ``late_commit``
        carries the write out ``seconds`` later and drops the connection (or answers ``status``); ``throttle`` 429 or
        503 with ``Retry-After``; ``kill_session`` ends the session; ``wrong_content_type`` the right body with a wrong
        header; ``status_false`` ``{"status": false}`` with 404 or 200.
    :param status: HTTP status, where the kind has a choice.
    :param body: the answer's body, for ``status``, ``html``, ``throttle`` and ``status_false``.
    :param content_type: the answer's content type.
    :param headers: further headers of the answer.
    :param seconds: for ``slow`` and ``late_commit``; for ``drop`` the time before the connection closes.
    :param retry_after_s: for ``throttle``; None sends no header.
    :param retry_after_as: the header as seconds or as an HTTP date.
    """

    call: Literal["login", "create", "update", "delete", "list", "any"] = "any"
    where: Literal["before", "after"] = "before"
    kind: Literal[
        "drop",
        "status",
        "html",
        "empty",
        "truncated",
        "slow",
        "late_commit",
        "throttle",
        "kill_session",
        "wrong_content_type",
        "status_false",
    ]
    match: dict[str, str] = {}
    skip: Count = 0
    times: Count | None = None
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    seed: int = 0
    status: Status | None = None
    body: str | None = None
    content_type: str | None = None
    headers: dict[str, str] = {}
    seconds: Seconds = 0.0
    retry_after_s: Seconds | None = 1.0
    retry_after_as: Literal["seconds", "date"] = "seconds"


class ArmedRule:
    """A rule with its generator and its counts."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.matched = 0
        self.fired = 0
        # Repeatable faults are the point; nothing here is a secret.
        self._generator = random.Random(rule.seed)  # noqa: S311  no secret

    def is_striking(self, exchange: Exchange) -> bool:
        """Whether the fault strikes this request; counts it."""
        rule = self.rule
        if rule.call not in ("any", exchange.call) or not self._is_match(exchange.sent):
            return False
        self.matched += 1
        if self.matched <= rule.skip or (rule.times is not None and self.fired >= rule.times):
            return False
        if rule.probability < 1 and self._generator.random() >= rule.probability:
            return False
        self.fired += 1
        return True

    def _is_match(self, sent: object) -> bool:
        if not self.rule.match:
            return True
        column = sent.get("column", sent) if isinstance(sent, dict) else None
        if not isinstance(column, dict):
            return False
        return all(column.get(name) == value for name, value in self.rule.match.items())


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._armed: list[ArmedRule] = []

    def replace(self, rules: Iterable[object]) -> None:
        """Put these rules in force, with fresh counts.

        :raises ValueError: a rule is malformed; none is changed.
        """
        try:
            self._armed = [ArmedRule(msgspec.convert(rule, Rule)) for rule in rules]
        except msgspec.ValidationError as error:  # no ValueError before msgspec 0.21
            raise ValueError(str(error)) from error

    def fetch(self) -> list[dict[str, Any]]:
        """Every rule with how often it matched and fired."""
        return [
            {**msgspec.to_builtins(armed.rule), "matched": armed.matched, "fired": armed.fired} for armed in self._armed
        ]

    def pick(self, exchange: Exchange) -> Rule | None:
        """The rule that strikes this request."""
        return next((armed.rule for armed in self._armed if armed.is_striking(exchange)), None)
