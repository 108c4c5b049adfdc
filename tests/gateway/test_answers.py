"""Answers to what we ask: read row by row, so that one odd row hides no other."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from clawtop.gateway.answers import PREVIEW, Reader, log_line
from clawtop.gateway.frames import UNREADABLE
from clawtop.picture import changes as c

KEY = "agent:main:main"
NOON = 1_795_208_400_000


def raw(value: Any) -> Raw:
    return Raw(json.dumps(value).encode())


def sessions(body: dict[str, Any], *, reader: Reader | None = None) -> c.RowsListed:
    return (reader or Reader()).sessions(raw(body), all_asked=True)


def test_a_row_that_cannot_be_read_is_left_out_and_counted() -> None:
    reader = Reader()
    good = {"key": KEY, "status": "running"}
    listed = sessions({"ts": 1, "sessions": [good, 7, {"key": 5}, "x", good]}, reader=reader)
    assert [row.key for row in listed.rows] == [KEY, KEY]
    assert reader.unreadable == 3
    assert not listed.complete, "what was left out must not be taken for gone"


def test_only_a_whole_list_is_complete() -> None:
    assert sessions({"sessions": [], "hasMore": False}).complete
    assert not sessions({"sessions": [], "hasMore": True}).complete
    assert not Reader().sessions(raw({"sessions": []}), all_asked=False).complete


@pytest.mark.parametrize("body", [{"sessions": "none"}, {"sessions": {}}, [], "x", None, 5])
def test_an_answer_of_another_shape_is_unreadable(body: Any) -> None:
    with pytest.raises(UNREADABLE):
        sessions(body)


def test_status_keeps_only_texts_and_names_the_agents() -> None:
    got = Reader().status(
        raw(
            {
                "queuedSystemEvents": ["one", None, 5, {"text": "x"}, "two"],
                "eventLoop": {"degraded": True, "reasons": []},
                "heartbeat": {"agents": [{"agentId": "main"}, {"agentId": None}, {}]},
                "runtimeVersion": "2026.9.6",
            }
        )
    )
    assert got.events == ["one", "two"]
    assert got.agent_ids == ["main"]
    assert got.degraded is True
    assert Reader().status(raw({})).degraded is None


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (lambda body: sessions(body), "sessions"),
        (lambda body: Reader().tasks(raw(body)), "tasks"),
        (lambda body: Reader().lanes(raw(body)), "lanes"),
        (lambda body: Reader().stability(raw(body)), "events"),
        (lambda body: Reader().logs(raw(body)), "lines"),
        (lambda body: Reader().decided(raw(body)), "items"),
    ],
    ids=["sessions", "tasks", "lanes", "events", "lines", "items"],
)
def test_an_answer_without_its_list_tells_nothing_and_is_not_empty(
    read: Callable[[Any], Any], name: str
) -> None:
    read({name: []})
    for body in ({}, {name: None}):
        with pytest.raises(UNREADABLE):
            read(body)


def test_null_beside_the_list_is_a_field_that_is_missing() -> None:
    ring = {"events": [], "firstSeq": None, "lastSeq": None, "dropped": None}
    assert Reader().stability(raw(ring)).dropped is None
    lines, cursor = Reader().logs(
        raw({"lines": [], "file": None, "cursor": None, "reset": None, "truncated": None})
    )
    assert (lines.lost, cursor) == (False, None)
    assert Reader().preflight(raw({"counts": None}), 5) == c.PreflightRead(None, None, None, 5)
    read = Reader().status(raw({"eventLoop": None, "heartbeat": {"agents": None}}))
    assert (read.degraded, read.agent_ids) == (None, [])
    queues = {"failed": None, "ingressFailed": None, "ingressPressure": None}
    assert Reader().health(raw({"deliveryQueues": queues})).delivery_queues == c.DeliveryQueues()
    decided = Reader().decided(raw({"items": [{"id": "a", "presentation": None}]}))
    assert [one.id for one in decided.items] == ["a"]


def test_a_status_that_names_no_queue_tells_nothing_of_its_lines() -> None:
    assert Reader().status(raw({})).events is None
    assert Reader().status(raw({"queuedSystemEvents": None})).events is None
    assert Reader().status(raw({"queuedSystemEvents": []})).events == []


def test_counts_that_are_not_told_are_unknown_not_zero() -> None:
    assert Reader().preflight(raw({"counts": {"embeddedRuns": 0}}), 5).embedded_runs == 0
    assert Reader().preflight(raw({"counts": {}}), 5).embedded_runs is None
    assert Reader().preflight(raw({}), 5) == c.PreflightRead(None, None, None, 5)


def test_approvals_come_as_a_bare_array() -> None:
    reader = Reader()
    got = reader.approvals(raw([{"id": "a"}, {"no": "id"}, {"id": "b", "request": {}}]), "plugin")
    assert (got.kind, [row.id for row in got.rows]) == ("plugin", ["a", "b"])
    assert reader.unreadable == 1


def test_the_ring_and_the_lanes_are_read_row_by_row() -> None:
    ring = Reader().stability(
        raw(
            {
                "events": [{"seq": 1, "ts": 5, "type": "x", "new": {}}, {"seq": "one"}],
                "firstSeq": 1,
                "lastSeq": 9,
                "dropped": 2,
            }
        )
    )
    assert ([event.seq for event in ring.events], ring.last_seq, ring.dropped) == ([1], 9, 2)
    lanes = Reader().lanes(raw({"lanes": [{"lane": "main", "maxConcurrent": 4}, {"lane": 5}]}))
    assert [(row.lane, row.max_concurrent) for row in lanes.lanes] == [("main", 4)]


# -- chat.history: the probe


def test_nulls_in_a_probe_hide_nothing_else() -> None:
    message = {"role": None, "timestamp": None}
    got = history({"pendingInputs": None, "inFlightRun": {"runId": None}, "messages": [message]})
    assert (got.tells_pending, got.in_flight, got.answered_at) == (False, None, None)
    assert not history({"pendingInputs": {"items": None}, "messages": None}).tells_pending
    (item,) = history({"pendingInputs": {"items": [{"id": "i", "state": None}]}}).pending
    assert (item.id, item.state) == ("i", "")


def history(body: dict[str, Any]) -> c.HistoryRead:
    return Reader().history(raw(body), KEY, NOON)


def test_september_tells_what_waits_and_which_run_is_in_flight() -> None:
    got = history(
        {
            "sessionInfo": {"key": KEY, "hasActiveRun": True, "snapshotAt": NOON - 7},
            "pendingInputs": {
                "total": 9,
                "items": [
                    {
                        "id": "i",
                        "acceptedAt": NOON - 500,
                        "state": "queued",
                        "runId": "w",
                        "message": {"content": [{"type": "text", "text": "hi"}], "senderId": "ada"},
                    },
                    "odd",
                ],
            },
            "inFlightRun": {
                "runId": "r",
                "text": "four",
                "startedAt": NOON - 900,
                "events": [{"ts": NOON - 3, "stream": "assistant"}, {"ts": NOON - 9}],
                "sessionAbortable": True,
            },
            "messages": [{"role": "user"}, {"role": "assistant", "content": [], "timestamp": 7}],
        }
    )
    assert (got.tells_pending, got.pending_total, got.answered_at) == (True, 9, 7)
    assert got.at_ms == NOON - 7, "the gateway's own time of the row"
    (item,) = got.pending
    assert (item.run_id, item.accepted_at, item.preview, item.origin) == (
        "w",
        NOON - 500,
        "hi",
        "ada",
    )
    assert got.in_flight == c.InFlight("r", NOON - 900, NOON - 3, None, 4, True)


def test_april_tells_neither_and_that_is_not_the_same_as_nothing_waits() -> None:
    got = history({"messages": [], "sessionId": "s"})
    assert (got.tells_pending, got.pending_total, got.in_flight) == (False, None, None)
    assert (got.answered_at, got.at_ms) == (None, NOON)


@pytest.mark.parametrize("flight", [None, {}, {"runId": ""}])
def test_an_unnamed_run_in_flight_is_none(flight: Any) -> None:
    assert history({"inFlightRun": flight}).in_flight is None


@pytest.mark.parametrize("message", [None, "text", 5, [], {"content": 5}, {"content": [5, {}]}])
def test_a_waiting_message_of_another_shape_has_no_preview(message: Any) -> None:
    got = history({"pendingInputs": {"items": [{"id": "i", "message": message}]}})
    assert got.pending[0].preview == ""


def test_a_preview_is_short() -> None:
    item = {"id": "i", "message": {"content": "x" * 9_999}}
    assert len(history({"pendingInputs": {"items": [item]}}).pending[0].preview) == PREVIEW


# -- logs.tail


def line_of(message: str = "hello", **more: Any) -> str:
    meta = {"date": "2026-11-20T21:01:41.384Z", "logLevelName": "WARN"}
    return json.dumps(
        {"0": '{"subsystem":"x"}', "1": message, "message": message, "_meta": meta} | more
    )


def test_a_log_line_is_read_for_time_level_and_text() -> None:
    got = log_line(line_of())
    assert (got.at_ms, got.level, got.message) == (1_795_208_501_384, "WARN", "hello")


@pytest.mark.parametrize("text", ["plain words", "", "[1,2]", "5", '{"half":', "\x1b[2J"])
def test_a_line_that_is_no_json_object_is_shown_as_it_is(text: str) -> None:
    assert log_line(text) == c.LogLine(None, "", text)


@pytest.mark.parametrize("date", [None, 5, "yesterday", "2026-11-20T21:01:41", "9999999-01-01"])
def test_a_line_without_a_usable_time_has_none(date: Any) -> None:
    assert log_line(line_of(_meta={"date": date})).at_ms is None


def test_the_first_positional_text_stands_in_for_a_missing_message() -> None:
    assert log_line(json.dumps({"1": "two words", "_meta": None})).message == "two words"
    assert log_line(json.dumps({"0": "zero", "1": {"a": 1}})).message == "zero"


def test_a_reset_or_cut_reading_is_said_to_have_lost_lines() -> None:
    lines, cursor = Reader().logs(raw({"lines": ["a", 5], "cursor": 12, "file": "f"}))
    assert ([line.message for line in lines.lines], cursor, lines.lost) == (["a"], 12, False)
    for flag in ("reset", "truncated"):
        assert Reader().logs(raw({"lines": [], flag: True}))[0].lost


@settings(deadline=None, max_examples=120)
@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.text(max_size=5)),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["message", "_meta", "date", "time", "0", "1", "logLevelName"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_no_log_line_however_odd_raises(value: Any) -> None:
    got = log_line(json.dumps(value))
    assert isinstance(got.message, str)
