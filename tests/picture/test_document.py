"""The picture for machines: every promised key, null for what is not known, no secret in it."""

import json
from typing import Any

import pytest

from clawtop.picture import changes as c
from clawtop.picture.coverage import Wishes
from clawtop.picture.document import SCHEMA, document
from clawtop.picture.records import PARTS
from clawtop.picture.seen import NOT_TOLD
from clawtop.picture.store import NO_EVENTS, Store
from tests.picture.builders import (
    KEY,
    T0,
    Picture,
    approval,
    approvals,
    at_ms,
    counted,
    gateway,
    later_row,
    leaked,
    listed,
    parked,
    probe,
    running_row,
)

TOP = {
    "schema",
    "taken_at_ms",
    "taken_at",
    "gateway",
    "coverage",
    "system_events",
    "system_event_queues",
    "locks",
    "unattributed_locks",
    "waiting",
    "approvals",
    "recoveries",
    "lanes",
    "tasks",
    "operators",
    "heartbeats",
    "incidents",
}
ROWS = {
    "system_events": "session_key agent_id text context_key queued_at_ms seen_since_ms position"
    " copies copy_of",
    "system_event_queues": "session_key count at_cap",
    "locks": "session_key session_id run_id agent_id holder phase layer since_ms age_ms age_is"
    " idle_ms idle_is waiting children verdict proof why",
    "waiting": "session_key run_id from channel received_at_ms state preview",
    "approvals": "id kind command cwd host node_id agent_id session_key run_id created_at_ms"
    " expires_at_ms group copies copy_of",
    "recoveries": "session_key requested_at_ms completed_at_ms status action reason released"
    " verdict",
    "lanes": "lane active queued max draining blocked_by oldest_wait_ms",
    "operators": "host mode scopes can_answer_approvals",
}
GATEWAY_KEYS = (
    "name url version boot_id uptime_ms latency_ms clock_offset_ms scopes read_only approval_route"
    " draining event_loop_degraded companion"
)
SEEABLE = ("system_events", "system_event_queues", "locks", "waiting", "approvals", "recoveries")
STALL = "session.recovery.requested"
EMPTY = (
    listed(),
    approvals(),
    c.LanesRead([]),
    c.StatusRead([], []),
    c.StabilityRead([]),
    c.TasksRead([]),
    c.LogRead([]),
    c.PresenceRead([]),
)
EMPTY_NAMES = (  # the parts that each of these answers tells
    "locks waiting",
    "approvals",
    "lanes",
    "system_events system_event_queues",
    "recoveries",
    "tasks",
    "",
    "operators",
)
ANSWERED = (*SEEABLE, "lanes", "tasks", "operators")


def everything_shown() -> Picture:
    """A gateway that shows every part, and has told none."""
    methods = gateway().methods | {"tasks.list"}
    return Picture().tell(c.LinkUp(gateway(methods=methods), T0))


def everything(secret: str = "nothing secret") -> Picture:
    picture = leaked(pending=[parked()])
    picture.tell(
        c.StatusRead([f"Exec finished {secret}"], ["main"]),
        approvals(approval("a", command=f"deploy {secret}")),
        c.LanesRead([c.LaneRow("main", 1, 2, 4)]),
        c.StabilityRead([c.StabilityEvent(1, T0, STALL)], 1, 1),
        c.PresenceRead([c.Presence("laptop", "ui", ["operator.admin"])]),
        counted(1, at=70),
        at=70,
    )
    return picture


def test_the_document_has_every_promised_key() -> None:
    told = document(everything().store)
    assert told["schema"] == SCHEMA == "clawtop.picture/1"
    assert set(told) >= TOP
    assert set(told["gateway"]) >= set(GATEWAY_KEYS.split())
    assert set(told["coverage"]) == set(PARTS)
    assert all(set(part) == {"level", "why"} for part in told["coverage"].values())
    assert told["heartbeats"]["state"] == "unknown"
    assert told["heartbeats"]["paused_at_ms"] is None


@pytest.mark.parametrize("part", ROWS)
def test_every_row_has_its_promised_keys(part: str) -> None:
    rows = document(everything().store)[part]
    assert len(rows) == 1
    assert set(rows[0]) >= set(ROWS[part].split())


def test_what_may_not_be_seen_is_null_and_never_an_empty_list() -> None:
    told = document(Store())
    assert all(told[part] is None for part in (*SEEABLE, "lanes"))
    assert told["gateway"] is None
    assert told["unattributed_locks"] is None


def test_what_was_seen_and_is_empty_is_an_empty_list() -> None:
    told = document(everything_shown().tell(*EMPTY).store)
    assert all(told[part] == [] for part in ANSWERED)
    assert all(NOT_TOLD not in (part["why"] or "") for part in told["coverage"].values())


def test_a_part_that_nothing_was_told_of_is_null_and_says_so() -> None:
    told = document(everything_shown().store)
    assert all(told[part] is None for part in ANSWERED)
    shown = {name for name, part in told["coverage"].items() if part["level"] != "none"}
    assert shown == set(PARTS) - {"heartbeats"}
    assert all(told["coverage"][name]["why"].endswith(NOT_TOLD) for name in shown)


@pytest.mark.parametrize("number", range(len(EMPTY)), ids=lambda number: EMPTY_NAMES[number])
def test_one_missing_answer_makes_its_own_parts_null_and_no_other(number: int) -> None:
    told = document(everything_shown().tell(*EMPTY[:number], *EMPTY[number + 1 :]).store)
    null = {part for part in ANSWERED if told[part] is None}
    assert null == set(EMPTY_NAMES[number].split())


def test_a_status_that_does_not_tell_its_lines_is_not_a_queue_without_lines() -> None:
    picture = everything_shown().tell(*EMPTY, c.StatusRead(None, []))
    picture.tell(c.StatusRead(None, []))
    told = document(picture.store)
    assert told["system_events"] is None
    assert told["system_event_queues"] is None
    assert told["coverage"]["system_events"] == {"level": "none", "why": NO_EVENTS}
    assert document(picture.tell(c.StatusRead([], [])).store)["system_events"] == []


def test_what_waits_is_null_while_no_held_session_was_probed() -> None:
    picture = Picture().tell(listed(later_row()))
    assert document(picture.store)["waiting"] is None
    picture.tell(c.ProbeFailed(KEY, at_ms(1)), at=1)
    assert document(picture.store)["waiting"] is None
    assert document(picture.tell(probe(at=2), at=2).store)["waiting"] == []


def test_of_another_client_what_is_not_told_is_null() -> None:
    silent = c.Presence("desk", "ui")
    told = document(Picture().tell(c.PresenceRead([silent])).store)["operators"]
    assert told == [{"host": "desk", "mode": "ui", "scopes": None, "can_answer_approvals": None}]
    reader = c.PresenceRead([c.Presence("desk", "ui", ["operator.read"])])
    (told,) = document(Picture().tell(reader).store)["operators"]
    assert (told["scopes"], told["can_answer_approvals"]) == (("operator.read",), False)


def test_clawtop_itself_is_no_other_operator() -> None:
    picture = Picture()
    picture.store.our_instance = "us"
    ours = c.Presence("here", "backend", ["operator.admin"], instance_id="us")
    other = c.Presence("desk", "backend", ["operator.read"], instance_id="them")
    told = document(picture.tell(c.PresenceRead([ours, other])).store)["operators"]
    assert [one["host"] for one in told] == ["desk"]
    unnamed = Picture().tell(c.PresenceRead([c.Presence("desk", "ui")]))
    assert len(document(unnamed.store)["operators"]) == 1


def test_april_cannot_see_lanes_or_waiting_messages() -> None:
    told = document(Picture("april").tell(listed(running_row())).store)
    assert told["lanes"] is None
    assert told["waiting"] is None
    assert told["locks"][0]["waiting"] is None


def test_approvals_not_yet_listed_are_not_told_as_none_pending() -> None:
    assert document(Picture().store)["approvals"] is None


def test_approvals_left_out_are_null_with_the_reason() -> None:
    store = Store(wishes=Wishes(approvals_why="left out: --approvals off"))
    store.apply(c.LinkUp(gateway("april"), T0), T0)
    store.apply(approvals(approval("a")), T0)
    told = document(store)
    assert told["approvals"] is None
    assert told["coverage"]["approvals"] == {"level": "none", "why": "left out: --approvals off"}


def test_unknown_counts_are_null_not_zero() -> None:
    told = document(Picture().tell(counted(1)).store)
    assert told["unattributed_locks"] is None
    assert told["gateway"]["latency_ms"] is None
    assert document(Picture().tell(counted(0)).store)["unattributed_locks"] == 0


def test_ages_are_taken_at_the_time_of_the_picture() -> None:
    picture = Picture().tell(listed(later_row(started_at=at_ms(-60)))).wait_until(40)
    told = document(picture.store)
    (lock,) = told["locks"]
    assert told["taken_at_ms"] == at_ms(40)
    assert (lock["age_ms"], lock["age_is"]) == (100_000, "exact")
    assert (lock["idle_ms"], lock["idle_is"]) == (40_000, "at_least")


def test_a_start_in_the_future_is_an_age_of_nothing() -> None:
    (lock,) = document(Picture().tell(listed(later_row(started_at=at_ms(90)))).store)["locks"]
    assert lock["age_ms"] == 0


@pytest.mark.parametrize(
    ("secret", "value"),
    [
        ("API_KEY=sk-ant-1234567890abcdef", "sk-ant-1234567890abcdef"),
        ("--token abcd1234efgh", "abcd1234efgh"),
        ("https://ada:hunter22@host/x", "hunter22"),
    ],
)
def test_secrets_in_commands_and_texts_are_masked_and_said_to_be(secret: str, value: str) -> None:
    told = document(everything(secret).store)
    assert value not in json.dumps(told)
    assert told["approvals"][0]["masked"] is True
    assert told["system_events"][0]["masked"] is True
    assert "masked" not in document(everything().store)["approvals"][0]


def test_hostile_text_leaves_as_ascii_and_comes_back_whole() -> None:
    hostile = "rm \x1b[2J\u202e\u2028\x00 \ud83d\ude00 日本"
    picture = Picture().tell(approvals(approval("a", command=hostile)))
    dumped = json.dumps(document(picture.store), ensure_ascii=True)
    assert dumped.isascii()
    assert not any(ord(char) < 32 for char in dumped)
    assert json.loads(dumped)["approvals"][0]["command"] == json.loads(json.dumps(hostile))


def test_a_picture_is_json_through_and_through() -> None:
    def check(value: Any) -> None:
        if isinstance(value, dict):
            assert all(isinstance(key, str) for key in value)
            for inner in value.values():
                check(inner)
        elif isinstance(value, (list, tuple)):
            for inner in value:
                check(inner)
        else:
            assert value is None or type(value) in (str, int, bool, float) or isinstance(value, str)

    check(document(everything().store))


def test_locks_come_oldest_first() -> None:
    rows = [later_row(f"agent:main:{n}", started_at=at_ms(-n)) for n in (5, 300, 60)]
    told = document(Picture().tell(listed(*rows)).store)["locks"]
    assert [lock["age_ms"] for lock in told] == [300_000, 60_000, 5_000]
