"""Which steps are offered: by generation and kind of hold, with the reason for every other one."""

import pytest

from clawtop.gateway.methods import ACTING, READ_METHODS
from clawtop.picture import changes as c
from clawtop.picture.companion import RpcRun
from clawtop.remedies.kinds import DEAD, Kind, kinds_of
from clawtop.remedies.ladder import ladder
from clawtop.remedies.steps import Step
from tests.picture.builders import (
    KEY,
    Picture,
    at_ms,
    begins,
    counted,
    later_row,
    leaked,
    listed,
    parked,
    probe,
    running_row,
    works,
)
from tests.remedies.situations import INSIDE, SITUATIONS, offered, offers

BOTH = ("april", "september")
# Without a companion: kinds are inferred, and only what harms none that fits is offered.
OFFERED = {
    ("rpc", "april"): ["abort-run", "abort-session"],
    ("rpc", "september"): ["abort-run", "abort-session"],
    ("rpc unseen", "april"): ["abort-session"],
    ("rpc unseen", "september"): ["abort-session"],
    ("channel", "april"): ["channel-stop"],
    ("channel", "september"): ["abort-session"],
    ("heartbeat", "april"): ["channel-stop"],
    ("heartbeat", "september"): ["abort-session"],
    ("orphan", "april"): ["wait-for-recovery", "restart"],
    ("orphan", "september"): ["abort-session", "restart"],
    ("ghost", "april"): [],
    ("ghost", "september"): [],
    ("waiting approval", "april"): [],
    ("waiting approval", "september"): [],
}
# With one: what was measured for each kind of hold, in order.
FROM_INSIDE = {
    ("rpc", "april"): ["abort-run", "abort-session"],
    ("rpc", "september"): ["abort-run", "abort-session"],
    ("channel", "april"): ["companion-release", "channel-stop"],
    ("channel", "september"): ["abort-session"],
    ("young hook", "april"): ["companion-release"],
    ("young hook", "september"): ["abort-session"],
    ("hook", "april"): ["companion-release", "restart"],
    ("hook", "september"): ["abort-session", "restart"],
    ("hook waited for", "april"): ["companion-release", "wait-for-recovery", "restart"],
    ("hook waited for", "september"): ["abort-session", "restart"],
    ("orphan queued", "april"): ["companion-release", "channel-stop", "restart"],
    ("orphan queued", "september"): ["abort-session", "companion-release"],
    ("orphan", "april"): ["companion-release", "restart"],
    ("orphan", "september"): ["abort-session", "companion-release", "reset"],
    ("orphan waited for", "april"): ["companion-release", "wait-for-recovery", "restart"],
    ("orphan waited for", "september"): ["abort-session", "companion-release", "reset"],
    ("orphan aborted", "april"): ["companion-release", "restart"],
    ("orphan aborted", "september"): ["companion-release", "reset"],
    ("other id", "april"): ["companion-release", "restart"],
    ("other id", "september"): ["companion-release", "channel-stop"],
    ("undelivered", "april"): ["companion-release", "channel-stop"],
    ("undelivered", "september"): ["restart"],
    ("lane", "april"): ["restart"],
    ("lane", "september"): ["restart"],
}
STEPS = [
    "abort-run",
    "abort-session",
    "companion-release",
    "wait-for-recovery",
    "channel-stop",
    "reset",
    "restart",
]
PATIENCE = {"april": 20.0, "september": 75.0}


@pytest.mark.parametrize(("situation", "generation"), OFFERED)
def test_the_table_of_steps(situation: str, generation: str) -> None:
    assert offered(SITUATIONS[situation](generation)) == OFFERED[situation, generation]


@pytest.mark.parametrize(("situation", "generation"), FROM_INSIDE)
def test_the_table_of_steps_with_a_companion(situation: str, generation: str) -> None:
    assert offered(INSIDE[situation](generation)) == FROM_INSIDE[situation, generation]


@pytest.mark.parametrize(("situation", "generation"), FROM_INSIDE)
def test_a_companion_that_only_looks_offers_the_same_but_itself(
    situation: str, generation: str
) -> None:
    picture = INSIDE[situation](generation, can_release=False)
    rest = [one for one in FROM_INSIDE[situation, generation] if one != "companion-release"]
    assert offered(picture) == rest
    why = offers(picture)["companion-release"].why_not or ""
    assert "allowRelease" in why
    assert "clawtop companion install --allow-release" in why


@pytest.mark.parametrize(("situation", "generation"), [*OFFERED, *FROM_INSIDE])
def test_every_step_is_on_the_ladder_and_says_why_it_is_not_offered(
    situation: str, generation: str
) -> None:
    picture = (SITUATIONS.get(situation) or INSIDE[situation])(generation)
    found = offers(picture)
    assert list(found) == STEPS
    for offer in found.values():
        assert offer.available or offer.why_not
        assert offer.label
        for call in offer.calls:
            assert call.method in ACTING
            assert call.method not in READ_METHODS


@pytest.mark.parametrize("generation", BOTH)
@pytest.mark.parametrize(
    ("situation", "word"), [("ghost", "no lock is held"), ("waiting approval", "answering that")]
)
def test_what_makes_every_step_the_wrong_one_is_said(
    situation: str, word: str, generation: str
) -> None:
    found = offers(SITUATIONS[situation](generation))
    for step in STEPS:
        assert word in (found[step].why_not or ""), "nothing less telling stands in its place"


@pytest.mark.parametrize("generation", BOTH)
def test_an_abort_waits_as_long_as_the_gateway_takes_to_release(generation: str) -> None:
    found = offers(SITUATIONS["rpc"](generation))
    assert found["abort-run"].patience_s == PATIENCE[generation]
    assert found["wait-for-recovery"].patience_s > 360 + 30 + 15


def test_an_abort_by_run_names_session_and_run() -> None:
    (call,) = offers(SITUATIONS["rpc"]("september"))["abort-run"].calls
    assert (call.method, call.params) == ("sessions.abort", {"key": KEY, "runId": "run-1"})
    assert call.text() == f'sessions.abort {{"key": "{KEY}", "runId": "run-1"}}'


def test_the_channel_stop_is_an_honest_message_that_is_not_intercepted() -> None:
    (call,) = offers(SITUATIONS["channel"]("april"))["channel-stop"].calls
    assert call.method == "chat.send"
    assert call.params == {"sessionKey": KEY, "message": "[clawtop] /stop"}


def test_on_april_a_probed_run_is_not_aborted_by_id_for_it_may_be_a_victim() -> None:
    picture = Picture("april").tell(listed(running_row()))
    flight = c.InFlight("run-1", started_at=at_ms(0))
    picture.tell(probe(at=1, flight=flight, tells_pending=False, active=None), at=1)
    assert "it may be a waiting message" in (offers(picture)["abort-run"].why_not or "")


def test_on_april_a_waiting_message_flagged_on_a_finished_row_is_not_aborted() -> None:
    why = offers(SITUATIONS["orphan"]("april"))["abort-session"].why_not or ""
    assert "can kill a waiting message" in why


# -- what it destroys


def test_every_step_that_acts_loses_the_run_first() -> None:
    for offer in offers(SITUATIONS["rpc"]("september")).values():
        if offer.step is Step.WAIT_FOR_RECOVERY:
            assert offer.loses == ()
        else:
            assert offer.loses[0] == "the run that holds the session"


def test_on_september_an_abort_by_key_counts_the_waiting_messages_it_cancels() -> None:
    offer = offers(leaked(pending=[parked("w1"), parked("w2"), parked("w3", state="cancelled")]))
    assert offer["abort-session"].losses == ("2 waiting messages (cancelled by the gateway)",)
    assert offer["abort-session"].loss_count == 2
    assert offers(leaked())["abort-session"].loss_count is None


def test_an_abort_by_run_loses_no_messages() -> None:
    picture = SITUATIONS["rpc"]("september").tell(works(at=1), at=1)
    flight = c.InFlight("run-1", started_at=at_ms(0), newest_event_at=at_ms(1))
    picture.tell(probe(at=2, flight=flight, pending=[parked()]), at=2)
    assert offers(picture)["abort-run"].losses == ()
    assert offers(picture)["abort-session"].loss_count == 1


def test_only_children_that_run_are_lost() -> None:
    child, idle = "agent:main:subagent:1", "agent:main:subagent:2"
    picture = Picture().tell(
        listed(
            later_row(child_sessions=[child, idle]),
            later_row(child),
            later_row(idle, active=False),
        ),
        begins(),
    )
    assert offers(picture)["abort-session"].losses == ("1 child run",)
    assert offers(picture)["abort-session"].loss_count == 1


def test_on_april_the_replies_owed_bound_what_may_be_lost() -> None:
    picture = SITUATIONS["rpc"]("april")
    assert "not known" in offers(picture)["abort-session"].losses[0]
    picture.tell(counted(1, replies=1, at=1), at=1)
    assert offers(picture)["abort-session"].losses == ()
    picture.tell(counted(1, replies=4, at=2), at=2)
    assert offers(picture)["abort-session"].losses == ("up to 3 waiting messages (gateway-wide)",)
    assert offers(picture)["abort-session"].loss_count == 3
    assert offers(picture)["abort-session"].warnings


def test_the_channel_stop_says_that_it_drops_what_waits() -> None:
    offer = offers(SITUATIONS["channel"]("april"))["channel-stop"]
    assert any("messages that wait" in loss for loss in offer.losses)
    assert offer.loss_count is None


# -- kinds


@pytest.mark.parametrize(
    ("situation", "generation", "kinds"),
    [
        ("rpc", "april", {Kind.LIVE_RPC}),
        ("rpc", "september", {Kind.LIVE_RPC}),
        ("rpc unseen", "april", {Kind.LIVE_RPC, Kind.LIVE_OTHER}),
        ("rpc unseen", "september", DEAD | {Kind.LIVE_RPC, Kind.LIVE_OTHER}),
        ("channel", "april", {Kind.LIVE_OTHER}),
        ("heartbeat", "september", {Kind.LIVE_OTHER}),
        ("orphan", "april", DEAD),
        ("orphan", "september", DEAD),
        ("ghost", "september", set()),
    ],
)
def test_every_kind_that_fits_is_considered(
    situation: str, generation: str, kinds: set[Kind]
) -> None:
    picture = SITUATIONS[situation](generation)
    assert kinds_of(picture.lock(), picture.store) == kinds


def test_a_probed_run_that_the_gateway_calls_abortable_was_not_started_by_an_rpc() -> None:
    picture = Picture().tell(listed(later_row()))
    flight = c.InFlight("run-1", started_at=at_ms(0), abortable=True)
    picture.tell(probe(at=1, flight=flight), at=1)
    assert kinds_of(picture.lock(), picture.store) == {Kind.LIVE_OTHER}
    assert offered(picture) == ["abort-session"]


def test_a_ladder_without_a_gateway_offers_only_what_april_allows() -> None:
    picture = SITUATIONS["rpc"]("september")
    lock = picture.lock()
    picture.store.facts = None
    steps = [str(offer.step) for offer in ladder(lock, picture.store) if offer.available]
    assert steps == ["abort-run", "abort-session"]


def test_a_run_that_makes_progress_is_warned_about_and_a_silent_one_is_not() -> None:
    picture = Picture(stale_after_ms=60_000).tell(listed(later_row()), begins("run-1"))
    healthy = ladder(picture.lock(KEY), picture.store)[0]
    assert any("healthy work" in warning for warning in healthy.warnings)
    silent = picture.wait_until(61)
    stale = ladder(silent.lock(KEY), silent.store)[0]
    assert not any("healthy work" in warning for warning in stale.warnings)


@pytest.mark.parametrize(
    ("accepted", "kind"), [(-1, Kind.LIVE_RPC), (5, Kind.LIVE_OTHER)], ids=["before", "after"]
)
def test_a_run_accepted_after_the_holder_began_waits_behind_it(accepted: float, kind: Kind) -> None:
    runs = [RpcRun("w1", key=KEY, started_at_ms=at_ms(accepted))]
    picture = INSIDE["channel"]("april", runs=runs)
    assert kinds_of(picture.lock(), picture.store) == {kind}
    found = "abort-run" in offered(picture)
    assert found == (kind is Kind.LIVE_RPC), "a waiting message must not be killed for the holder"
