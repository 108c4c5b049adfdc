"""Allow-lists and scopes: nothing that acts is ever among what may be read with."""

import pytest

from clawtop.gateway.methods import (
    ACTING,
    ADMIN,
    APPROVALS,
    READ,
    READ_METHODS,
    WRITE,
    allowed_for,
    scopes_for,
)
from clawtop.gateway.poll import PROBE_QUESTION, QUESTIONS

NEVER = (
    "sessions.delete",
    "sessions.patch",
    "sessions.send",
    "sessions.steer",
    "chat.abort",
    "gateway.suspend.prepare",
    "system-event",
    "wake",
    "config.patch",
    "exec.approvals.set",
    "exec.approval.request",
    "exec.approval.waitDecision",
    "agent",
    "tools.invoke",
)


def test_reading_and_acting_have_nothing_in_common() -> None:
    assert not READ_METHODS & ACTING.keys()


def test_what_nobody_may_send_is_in_neither_list() -> None:
    for method in NEVER:
        assert method not in READ_METHODS
        assert method not in ACTING
        with pytest.raises(ValueError, match="no plan may send"):
            allowed_for([method])


def test_everything_we_ask_regularly_is_reading() -> None:
    assert {question.method for question in (*QUESTIONS, PROBE_QUESTION)} <= READ_METHODS


@pytest.mark.parametrize("method", sorted(ACTING))
def test_an_action_may_send_its_own_method_and_no_other(method: str) -> None:
    allowed = allowed_for([method])
    assert allowed == READ_METHODS | {method}
    assert not (allowed & ACTING.keys()) - {method}


@pytest.mark.parametrize(
    ("methods", "scopes"),
    [
        ([], {READ}),
        (["chat.send"], {READ, WRITE}),
        (["sessions.abort"], {READ, WRITE, ADMIN}),
        (["exec.approval.resolve"], {READ, APPROVALS, ADMIN}),
        (["approval.resolve"], {READ, APPROVALS, ADMIN}),
        (["status"], {READ}),
    ],
)
def test_a_plan_asks_for_no_more_scopes_than_it_needs(methods: list[str], scopes: set[str]) -> None:
    assert set(scopes_for(methods)) == scopes


def test_scopes_come_in_one_order() -> None:
    assert scopes_for(["chat.send", "sessions.abort"]) == scopes_for(
        ["sessions.abort", "chat.send"]
    )
