"""Plans: one step with its pins, what makes them void, and which copies are denied."""

import shlex

import pytest

from clawtop.errors import RefusedError, UsageError
from clawtop.picture import changes as c
from clawtop.remedies.plan import (
    ReleasePlan,
    changed_since,
    check_expected,
    plan_deny_duplicates,
    plan_deny_ids,
    plan_release,
)
from tests.picture.builders import (
    KEY,
    Picture,
    approval,
    approvals,
    begins,
    ends,
    later_row,
    leaked,
    listed,
    parked,
    probe,
    row,
)
from tests.picture.inside import entry, seeing, told
from tests.remedies.situations import HELD_S, INSIDE, LATER, SITUATIONS

OTHER = "agent:main:other"


def plan_of(picture: Picture, step: str | None = None) -> ReleasePlan:
    plan = plan_release(picture.store, KEY, step)
    assert plan is not None
    return plan


# -- choosing


def test_the_first_offered_step_is_chosen_and_the_following_one_named() -> None:
    plan = plan_of(SITUATIONS["rpc"]("september"))
    assert (plan.offer.step, plan.next_step) == ("abort-run", "abort-session")
    assert plan.methods == ("sessions.abort",)
    assert plan.gateway == "edge-1"


def test_a_named_step_is_taken_and_nothing_follows_the_last() -> None:
    plan = plan_of(SITUATIONS["rpc"]("september"), "abort-session")
    assert (plan.offer.step, plan.next_step) == ("abort-session", None)


def test_a_free_session_needs_no_plan() -> None:
    assert plan_release(Picture().tell(listed(row(status="done"))).store, KEY) is None


def test_a_step_that_does_not_exist_is_wrong_usage_even_for_a_free_session() -> None:
    with pytest.raises(UsageError, match="no step 'explode'") as raised:
        plan_release(Picture().store, KEY, "explode")
    assert "abort-run" in raised.value.next_step
    assert "restart" in raised.value.next_step


@pytest.mark.parametrize("step", ["channel-stop", "restart", "reset", "companion-release"])
def test_a_step_not_offered_is_refused_with_the_reason_and_the_choice(step: str) -> None:
    with pytest.raises(RefusedError) as raised:
        plan_of(SITUATIONS["rpc"]("september"), step)
    assert step in raised.value.message
    assert raised.value.next_step == "Offered: abort-run, abort-session"


@pytest.mark.parametrize("situation", ["ghost", "waiting approval"])
@pytest.mark.parametrize("generation", ["april", "september"])
def test_where_nothing_helps_nothing_is_planned(situation: str, generation: str) -> None:
    with pytest.raises(RefusedError, match="nothing is offered") as raised:
        plan_of(SITUATIONS[situation](generation))
    assert "restart" not in raised.value.sentence(), "a restart is no remedy for this"


def test_the_equal_command_line_is_pinned_and_quoted() -> None:
    key = "agent:main:it's; rm -rf /"
    picture = Picture().tell(listed(later_row(key)), begins(key=key))
    plan = plan_release(picture.store, key)
    assert plan is not None
    words = shlex.split(plan.command())
    assert words[:5] == ["clawtop", "release", key, "--step", "abort-run"]
    assert words[5:] == ["--expect-run", "run-1", "--expect-session-id", f"id-of-{key}"]


@pytest.mark.parametrize("situation", ["undelivered", "lane"])
def test_a_restart_is_never_chosen_by_itself_and_said_to_be_all_that_helps(situation: str) -> None:
    store = INSIDE[situation]("september").store
    with pytest.raises(RefusedError, match="nothing but a restart of the gateway helps") as raised:
        plan_release(store, KEY)
    assert "--step restart --dry-run" in raised.value.next_step
    plan = plan_release(store, KEY, "restart", now=True)
    assert plan is not None
    assert (plan.offer.beyond, "--now" in plan.command()) == (True, True)
    assert shlex.split(plan.command())[-2:] == ["--confirm-gateway", "NAME"]


def test_the_companion_s_release_is_pinned_to_the_operation_of_the_plan() -> None:
    picture = INSIDE["orphan"]("april")
    plan = plan_of(picture, "companion-release")
    assert plan.offer.calls[0].params == {"key": KEY, "token": f"token-{KEY}"}
    picture.tell(told(entry(token="next"), at=101), at=101)
    assert changed_since(plan, picture.store) == "another operation holds it now"
    bare = told(entry(), at=102, cannot={"locks": "another shape"})
    picture.tell(bare, at=102)
    assert "does not name its lock" in (changed_since(plan, picture.store) or "")


# -- the target must still be the same


def test_nothing_changed_is_no_change() -> None:
    picture = SITUATIONS["rpc"]("september")
    assert changed_since(plan_of(picture), picture.store) is None


def test_a_free_session_is_a_change() -> None:
    picture = SITUATIONS["rpc"]("september")
    plan = plan_of(picture)
    picture.tell(ends(at=5), listed(later_row(active=False, at=5), at=5), at=5)
    assert changed_since(plan, picture.store) == "the session is not held any more"


def test_another_run_is_a_change() -> None:
    picture = SITUATIONS["rpc"]("september")
    plan = plan_of(picture)
    picture.tell(begins("run-2", at=5), at=5)
    assert changed_since(plan, picture.store) == "another run holds it now"


def test_a_run_that_is_gone_is_a_change_although_the_session_is_still_held() -> None:
    picture = SITUATIONS["rpc"]("september")
    plan = plan_of(picture)
    picture.tell(ends(at=5), at=5)
    assert changed_since(plan, picture.store) == "the run it was held by is gone"


def test_another_session_id_is_a_change() -> None:
    picture = SITUATIONS["orphan"]("september")
    plan = plan_of(picture)
    picture.tell(listed(later_row(session_id="new-id", at=80), at=80), at=80)
    assert changed_since(plan, picture.store) == "the session has another session id now"


def test_another_holder_is_a_change_where_no_run_was_known() -> None:
    picture = SITUATIONS["rpc unseen"]("april")
    plan = plan_of(picture)
    assert plan.pins.holder == "rpc"
    picture.tell(begins("run-2", at=5, is_heartbeat=True), at=5)
    assert changed_since(plan, picture.store) == "it is held by heartbeat now, not by rpc"


def test_an_unknown_that_became_known_is_no_change() -> None:
    picture = SITUATIONS["rpc unseen"]("september")
    plan = plan_of(picture)
    assert plan.pins.holder == "unknown"
    picture.tell(begins("run-2", at=0), at=5)
    assert changed_since(plan, picture.store) is None


@pytest.mark.parametrize(
    ("run_id", "session_id", "refusal"),
    [
        (None, None, None),
        ("run-1", f"id-of-{KEY}", None),
        ("run-2", None, "run of .* is run-1, not run-2"),
        (None, "other", "session id of .* is id-of"),
    ],
)
def test_what_the_caller_expects_must_be_so(
    run_id: str | None, session_id: str | None, refusal: str | None
) -> None:
    lock = SITUATIONS["rpc"]("september").lock()
    if refusal is None:
        check_expected(lock, run_id, session_id)
        return
    with pytest.raises(RefusedError, match=refusal):
        check_expected(lock, run_id, session_id)


def test_an_expected_run_that_is_not_known_is_refused() -> None:
    with pytest.raises(RefusedError, match="is not known, not run-1"):
        check_expected(leaked().lock(), "run-1", None)


# -- denying


def backlog(*extra: c.ApprovalRow) -> Picture:
    copies = [approval(f"a{n}", created=n) for n in (1, 2, 3)]
    others = [approval(f"b{n}", created=n, session_key=OTHER, command="ls") for n in (1, 2)]
    lone = approval("c1", command="whoami")
    return Picture().tell(approvals(*copies, *others, lone, *extra), at=10)


@pytest.mark.parametrize(
    ("keep", "denied", "kept"),
    [
        ("oldest", {"a2", "a3", "b2"}, {"a1", "b1"}),
        ("newest", {"a1", "a2", "b1"}, {"a3", "b2"}),
        ("none", {"a1", "a2", "a3", "b1", "b2"}, set()),
        ("a2", {"a1", "a3"}, {"a2"}),
    ],
)
def test_what_to_keep_of_each_group(keep: str, denied: set[str], kept: set[str]) -> None:
    plan = plan_deny_duplicates(backlog().store, keep)
    assert {one.id for one in plan.targets} == denied
    assert {one.id for one in plan.kept} == kept
    assert "c1" not in denied, "a request without copies is never a duplicate"


def test_one_session_only() -> None:
    plan = plan_deny_duplicates(backlog().store, "oldest", OTHER)
    assert [one.id for one in plan.targets] == ["b2"]


def test_keeping_a_lone_request_denies_nothing() -> None:
    assert plan_deny_duplicates(backlog().store, "c1").targets == ()


def test_keeping_what_is_not_pending_is_refused() -> None:
    with pytest.raises(RefusedError, match="gone is not a pending approval"):
        plan_deny_duplicates(backlog().store, "gone")


def test_an_approval_named_like_a_word_cannot_be_meant() -> None:
    picture = backlog(approval("oldest", created=9))
    plan = plan_deny_duplicates(picture.store, "oldest")
    assert "a1" in {one.id for one in plan.kept}


def test_ids_are_denied_once_and_the_unknown_are_named() -> None:
    plan, missing = plan_deny_ids(backlog().store, ["a1", "zz", "a1", "c1", "zz"])
    assert [one.id for one in plan.targets] == ["a1", "c1"]
    assert missing == ["zz"]
    assert plan.loses == ["2 requests denied; the asking runs go on without"]


def test_each_kind_is_resolved_by_its_own_method() -> None:
    picture = Picture().tell(
        approvals(approval("a")),
        approvals(approval("plugin:1"), kind="plugin"),
        approvals(approval("s"), kind="system-agent"),
    )
    plan, _ = plan_deny_ids(picture.store, ["a", "plugin:1", "s"])
    methods = [text.split(" ")[0] for text in plan.calls_text]
    assert methods == ["exec.approval.resolve", "plugin.approval.resolve", "approval.resolve"]
    assert all('"decision": "deny"' in text for text in plan.calls_text)


# -- an abort that empties the queue


def orphan_with_parked() -> Picture:
    """A September orphan behind which one message is parked and one channel message waits."""
    picture = INSIDE["orphan waited for"](LATER)
    parked_one = probe(pending=[parked()], at=HELD_S)
    return picture.tell(parked_one, at=HELD_S)


def test_an_abort_may_empty_the_queue_and_says_what_that_drops() -> None:
    picture = orphan_with_parked()
    plan = plan_release(picture.store, KEY, "abort-session", clear_queued=True)
    assert plan is not None
    assert plan.offer.calls[0].params == {"key": KEY, "clearQueued": True}
    assert "--clear-queued" in plan.command()
    assert "whatever else is queued for the session (how much is not known)" in plan.loses
    assert [str(one.fate) for one in plan.offer.waiting] == ["cancelled", "answered"]
    assert any("may answer aborted" in warning for warning in plan.offer.warnings)


def test_only_an_abort_of_the_session_empties_its_queue() -> None:
    picture = orphan_with_parked()
    with pytest.raises(UsageError, match="--clear-queued"):
        plan_release(picture.store, KEY, "companion-release", clear_queued=True)


def test_an_early_gateway_cannot_empty_a_queue() -> None:
    picture = SITUATIONS["rpc"]("april")
    with pytest.raises(RefusedError, match="cannot empty"):
        plan_release(picture.store, KEY, "abort-session", clear_queued=True)


def test_the_companion_is_told_the_key_as_its_registry_has_it() -> None:
    picture = seeing(LATER).tell(listed(later_row("agent:main:a")))
    for at in (0.0, 40.0, 70.0):
        picture.tell(told(entry("agent:main:A", began=0), at=at), at=at)
    plan = plan_release(picture.store, "agent:main:a", "companion-release")
    assert plan is not None
    assert plan.offer.calls[0].params["key"] == "agent:main:A"
