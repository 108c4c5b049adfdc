"""Payloads as both generations send them, decoded into changes."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Raw

from clawtop.gateway import frames
from clawtop.picture import changes as c

KEY = "agent:main:main"


def raw(value: Any) -> Raw:
    return Raw(json.dumps(value).encode())


def change(event: str, payload: Any) -> Any:
    return frames.event_change(event, raw(payload))


def test_a_request_frame_is_one_json_object() -> None:
    frame = json.loads(frames.request("7", "status", {"limit": 1}))
    assert frame == {"type": "req", "id": "7", "method": "status", "params": {"limit": 1}}


@pytest.mark.parametrize(
    "data", ["", "{", "[]", "null", '"x"', '{"type":5}', b"\xff\xfe", '{"seq":"one"}']
)
def test_what_is_no_frame_is_unreadable(data: bytes | str) -> None:
    with pytest.raises(frames.UNREADABLE):
        frames.decode(data)


@settings(deadline=None, max_examples=100)
@given(st.one_of(st.binary(max_size=80), st.text(max_size=80)))
def test_no_bytes_raise_anything_but_unreadable(data: bytes | str) -> None:
    with contextlib.suppress(*frames.UNREADABLE):
        frames.decode(data)


def test_later_additions_to_an_envelope_are_ignored() -> None:
    frame = frames.decode(
        '{"type":"event","event":"tick","payload":{},"seq":3,"stateVersion":{},"traceparent":"x",'
        '"recipientProfileId":"p"}'
    )
    assert (frame.event, frame.seq) == ("tick", 3)


def test_april_flattens_a_row_into_its_change() -> None:
    got = change(
        "sessions.changed",
        {
            "sessionKey": KEY,
            "reason": "abort",
            "ts": 5,
            "sessionId": "s",
            "status": "running",
            "hasActiveRun": False,
        },
    )
    assert (got.session_key, got.reason, got.row.status) == (KEY, "abort", "running")
    assert got.row.has_active_run is False
    assert got.row.active_run_ids is UNSET


def test_september_nests_the_row_and_april_may_keep_the_flag_beside_it() -> None:
    got = change(
        "sessions.changed",
        {
            "sessionKey": KEY,
            "phase": "end",
            "runId": "r",
            "ts": 5,
            "hasActiveRun": True,
            "session": {"key": KEY, "status": "done"},
        },
    )
    assert (got.phase, got.run_id, got.row.status) == ("end", "r", "done")
    assert got.row.has_active_run is True
    both = change(
        "sessions.changed",
        {"sessionKey": KEY, "hasActiveRun": True, "session": {"hasActiveRun": False}},
    )
    assert both.row.has_active_run is False, "the row's own flag wins"


def test_a_change_that_tells_nothing_of_the_row_has_none() -> None:
    assert change("sessions.changed", {"sessionKey": KEY, "reason": "new"}).row is None
    assert change("sessions.changed", {"reason": "cron-bindings-loaded"}).session_key == ""


def test_absent_empty_and_null_run_lists_are_three_things() -> None:
    def ids(**more: Any) -> Any:
        payload = {"sessionKey": KEY, "session": {"hasActiveRun": True} | more}
        return change("sessions.changed", payload).row.active_run_ids

    assert ids() is UNSET
    assert ids(activeRunIds=[]) == []
    assert ids(activeRunIds=None) is None
    assert ids(activeRunIds=["r"]) == ["r"]


def test_an_agent_event_carries_run_stream_and_phase() -> None:
    got = change(
        "agent",
        {
            "runId": "r",
            "stream": "lifecycle",
            "data": {"phase": "waiting-approval", "approvalId": "a", "toolCallId": "t"},
            "seq": 1,
            "ts": 7,
            "sessionKey": KEY,
            "isHeartbeat": False,
            "sessionId": "later only",
        },
    )
    assert isinstance(got, c.RunActivity)
    assert (got.run_id, got.stream, got.ts, got.session_key) == ("r", "lifecycle", 7, KEY)
    assert got.data is not None
    assert (got.data.phase, got.data.approval_id) == ("waiting-approval", "a")


def test_a_chat_final_without_a_body_is_told_from_one_with_a_body() -> None:
    base = {"runId": "r", "sessionKey": KEY, "seq": 1, "state": "final"}
    assert change("chat", base).message is None
    assert change("chat", base | {"message": {"role": "assistant"}}).message is not None


def test_a_transcript_line_takes_the_time_of_its_record() -> None:
    body = {"role": "assistant", "timestamp": 5, "__openclaw": {"recordTimestampMs": 9, "seq": 2}}
    got = change("session.message", {"sessionKey": KEY, "message": body})
    assert (got.role, got.ts) == ("assistant", 9)
    body.pop("__openclaw")
    assert change("session.message", {"sessionKey": KEY, "message": body}).ts == 5
    assert change("session.message", {"sessionKey": KEY}).role == ""


@pytest.mark.parametrize("kind", ["exec", "plugin"])
def test_approval_events_of_each_kind(kind: str) -> None:
    got = change(
        f"{kind}.approval.requested",
        {
            "id": "a",
            "createdAtMs": 1,
            "expiresAtMs": 2,
            "request": {"command": "ls", "cwd": "/", "agentId": "main", "sessionKey": KEY},
        },
    )
    assert (got.kind, got.row.id, got.row.request.command) == (kind, "a", "ls")
    done = change(
        f"{kind}.approval.resolved", {"id": "a", "decision": "deny", "resolvedBy": None, "ts": 3}
    )
    assert (done.id, done.decision, done.resolved_by) == ("a", "deny", None)


def test_presence_comes_bare_or_wrapped() -> None:
    one = [{"host": "laptop", "mode": "ui", "scopes": ["operator.read"], "new": 1}]
    assert change("presence", one).entries == change("presence", {"presence": one}).entries
    with pytest.raises((KeyError, *frames.UNREADABLE)):
        change("presence", {"nobody": one})


def test_the_rest_of_what_a_gateway_says_of_itself() -> None:
    assert change("tick", {"ts": 5}).ts == 5
    assert change("shutdown", {"reason": "restart", "restartExpectedMs": 1}).reason == "restart"
    assert change("gateway.suspension", {"phase": "draining"}).phase == "draining"
    assert change("health", {"eventLoop": {"degraded": True}}).event_loop.degraded is True
    assert change("health", {}).event_loop is None


@pytest.mark.parametrize("event", ["cron", "update.available", "", "sessions.invented"])
def test_events_nobody_shows_are_not_even_decoded(event: str) -> None:
    assert frames.event_change(event, Raw(b"not json")) is None


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("agent", {"stream": "lifecycle"}),
        ("agent", {"runId": 5}),
        ("chat", []),
        ("sessions.changed", {"sessionKey": KEY, "session": "x"}),
        ("sessions.changed", {"sessionKey": 5}),
        ("exec.approval.requested", {"request": {}}),
        ("tick", {"ts": "soon"}),
    ],
)
def test_impossible_types_are_unreadable(event: str, payload: Any) -> None:
    with pytest.raises(frames.UNREADABLE):
        change(event, payload)


@pytest.mark.parametrize("text", ["\ud800", "\\ud83d alone"])
def test_a_lone_surrogate_in_a_frame_is_read_or_unreadable_never_a_crash(text: str) -> None:
    with contextlib.suppress(*frames.UNREADABLE):
        frames.event_change("agent", raw({"runId": text, "stream": "assistant"}))
