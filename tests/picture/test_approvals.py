"""The backlog: which requests are the same request again, to the letter."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawtop.picture import changes as c
from clawtop.picture.approvals import SPARE, Backlog, approval_of, group_of
from clawtop.picture.document import approval_document
from tests.picture.builders import KEY, Picture, approval, approvals, at_ms, later_row, listed


def test_copies_count_the_whole_group_and_point_at_the_oldest() -> None:
    picture = Picture().tell(
        approvals(approval("b", created=2), approval("a", created=1), approval("c", created=3))
    )
    found = {one.id: (one.copies, one.copy_of) for one in picture.store.backlog.all()}
    assert found == {"a": (3, None), "b": (3, "a"), "c": (3, "a")}


def test_a_request_alone_is_one_copy_of_nothing() -> None:
    (one,) = Picture().tell(approvals(approval("a"))).store.backlog.all()
    assert (one.copies, one.copy_of) == (1, None)


@pytest.mark.parametrize(
    "difference",
    [
        {"cwd": "/srv/app/"},
        {"cwd": None},
        {"cwd": ""},
        {"agent_id": "other"},
        {"session_key": "agent:main:other"},
        {"session_key": None},
        {"host": "node"},
        {"node_id": "n1"},
        {"command": "git push origin main "},
        {"command": "git  push origin main"},
        {"command": "git push origin Main"},
        {"command": "git push\u200b origin main"},
    ],
)
def test_one_difference_makes_another_request(difference: dict[str, Any]) -> None:
    picture = Picture().tell(approvals(approval("a"), approval("b", created=1, **difference)))
    assert [one.copies for one in picture.store.backlog.all()] == [1, 1]


def test_the_run_that_asks_does_not_make_another_request() -> None:
    picture = Picture().tell(approvals(approval("a", run_id="r1"), approval("b", run_id="r2")))
    assert [one.copies for one in picture.store.backlog.all()] == [2, 2]


def test_the_same_words_for_a_command_and_for_a_plugin_are_two_requests() -> None:
    picture = Picture().tell(approvals(approval("a")), approvals(approval("p"), kind="plugin"))
    assert {one.id: one.copies for one in picture.store.backlog.all()} == {"a": 1, "p": 1}


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.one_of(st.none(), st.text("\x00\x01-1:a", max_size=3)), min_size=3, max_size=3),
    st.lists(st.one_of(st.none(), st.text("\x00\x01-1:a", max_size=3)), min_size=3, max_size=3),
)
def test_equal_groups_mean_equal_parts(one: list[str | None], other: list[str | None]) -> None:
    assert (group_of(*one) == group_of(*other)) == (one == other)


def test_a_lone_surrogate_in_a_command_still_has_a_group() -> None:
    (one,) = Picture().tell(approvals(approval("a", command="echo \ud800"))).store.backlog.all()
    assert len(one.group) == 12


def test_denying_the_oldest_promotes_the_next() -> None:
    picture = Picture().tell(approvals(approval("a"), approval("b", created=1)))
    picture.tell(c.ApprovalResolved("a", "deny"), at=2)
    (left,) = picture.store.backlog.all()
    assert (left.id, left.copies, left.copy_of) == ("b", 1, None)


def test_an_approval_expires_without_any_event() -> None:
    picture = Picture().tell(approvals(approval("a", lasts=10), approval("b", lasts=20)))
    picture.wait_until(9.999)
    assert len(picture.store.backlog) == 2
    picture.wait_until(10)
    assert [one.id for one in picture.store.backlog.all()] == ["b"]


def test_an_expired_approval_frees_its_session_of_the_verdict() -> None:
    picture = Picture().tell(listed(later_row()), approvals(approval("a", lasts=10)))
    assert picture.verdict() == "waiting_approval"
    assert picture.wait_until(10).verdict() != "waiting_approval"


def test_one_listed_after_its_end_is_not_shown_again() -> None:
    picture = Picture().tell(approvals(approval("a", lasts=10)), at=11)
    assert len(picture.store.backlog) == 0


def test_an_approval_without_an_end_stays_until_the_list_says_so() -> None:
    row = approval("a")
    row.expires_at_ms = None
    picture = Picture().tell(approvals(row)).wait_until(10**6)
    assert len(picture.store.backlog) == 1
    assert len(picture.tell(approvals(), at=10**6).store.backlog) == 0


def test_a_listing_replaces_only_its_own_kind() -> None:
    picture = Picture().tell(approvals(approval("a")), approvals(approval("p"), kind="plugin"))
    picture.tell(approvals())
    assert [one.id for one in picture.store.backlog.all()] == ["p"]


def test_the_same_list_again_touches_nothing() -> None:
    picture = Picture().tell(approvals(approval("a"), approval("b")))
    picture.store.take_touched()
    picture.tell(approvals(approval("a"), approval("b")))
    assert "approvals" not in picture.store.take_touched()


def test_a_changed_request_under_the_same_id_moves_to_its_new_group() -> None:
    picture = Picture().tell(approvals(approval("a"), approval("b", created=1)))
    picture.tell(approvals(approval("a"), approval("b", created=1, command="rm -rf build")))
    assert [one.copies for one in picture.store.backlog.all()] == [1, 1]
    assert picture.store.backlog.of_session(KEY) == ("a", "b")


def test_an_extended_approval_does_not_expire_at_its_old_end() -> None:
    picture = Picture().tell(approvals(approval("a", lasts=10)))
    picture.tell(approvals(approval("a", lasts=100))).wait_until(50)
    assert len(picture.store.backlog) == 1


def test_an_event_and_the_list_name_the_same_approval_once() -> None:
    picture = Picture().tell(c.ApprovalRequested("exec", approval("a")), approvals(approval("a")))
    assert len(picture.store.backlog) == 1


@pytest.mark.parametrize("when", [None, float("nan"), 1e300, -1, 0])
def test_odd_times_are_unknown_times(when: Any) -> None:
    record = approval_of(c.ApprovalRow("a", None, when, when), "exec")
    assert (record.created_at_ms, record.expires_at_ms) == (None, None)
    assert record.command == ""


def test_plugin_requests_that_differ_in_what_they_tell_are_not_the_same() -> None:
    def asked(one: str, **more: Any) -> c.ApprovalRow:
        request = c.ApprovalRequest(title="Send mail", session_key=KEY, **more)
        return c.ApprovalRow(one, request, 1)

    rows = [
        asked("plugin:1", description="to a@example.org"),
        asked("plugin:2", description="to b@example.org"),
        asked("plugin:3", tool_name="mail"),
        asked("plugin:4", plugin_id="mailer"),
        asked("plugin:5", description="to a@example.org"),
    ]
    groups = [approval_of(row, "plugin").group for row in rows]
    assert len(set(groups)) == 4
    assert groups[0] == groups[4]
    assert approval_of(rows[0], "plugin").wanted == "Send mail: to a@example.org"


def test_requests_that_do_not_say_what_they_are_for_equal_nothing() -> None:
    picture = Picture().tell(c.ApprovalsListed("exec", [c.ApprovalRow("a"), c.ApprovalRow("b")]))
    assert [one.copies for one in picture.store.backlog.all()] == [1, 1]
    told = approval_document(picture.store.backlog.all()[0])
    assert told["command"] is None
    assert told["description"] is None


def test_a_plugin_request_is_known_by_its_title() -> None:
    request = c.ApprovalRequest(title="Post to a channel", tool_name="post")
    assert approval_of(c.ApprovalRow("plugin:1", request), "plugin").command == "Post to a channel"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 2)), max_size=30))
def test_groups_always_add_up_to_the_backlog(steps: list[tuple[bool, int, int]]) -> None:
    backlog = Backlog()
    for put, number, command in steps:
        if put:
            row = approval(f"a{number}", created=number, command=f"command {command}")
            backlog.put(approval_of(row, "exec"))
        else:
            backlog.drop(f"a{number}")
    groups = list(backlog.groups())
    assert sorted(one.id for group in groups for one in group) == sorted(backlog.ids())
    for group in groups:
        assert [one.copies for one in group] == [len(group)] * len(group)
        assert [one.copy_of for one in group] == [None] + [group[0].id] * (len(group) - 1)
        assert len({one.command for one in group}) == 1


def test_deadlines_of_decided_approvals_do_not_pile_up() -> None:
    backlog = Backlog()
    kept = approval_of(approval("kept", lasts=60), "exec")
    backlog.put(kept)
    for number in range(5 * SPARE):
        backlog.put(approval_of(approval(f"a{number}", lasts=9_000), "exec"))
        backlog.drop(f"a{number}")
    assert len(backlog._expiries) <= SPARE + 2
    assert backlog.expired(at_ms(59)) == []
    assert backlog.expired(at_ms(60)) == ["kept"]
