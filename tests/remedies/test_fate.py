"""The fate of each waiting message: foretold by step, generation and how it came."""

import pytest

from clawtop.picture import companion as k
from clawtop.remedies.fate import CHANNEL, PARKED, RPC, Fate, Foretold, fate_of
from clawtop.remedies.ladder import ladder
from tests.picture.builders import KEY, Picture, at_ms, leaked, parked
from tests.picture.inside import entry, seeing, told
from tests.remedies.situations import INSIDE, SITUATIONS, offers

A, C, P, U = Fate.ANSWERED, Fate.CANCELLED, Fate.PARKED, Fate.UNKNOWN
TABLE = [
    # step, generation, by RPC, by a channel, parked behind a channel's turn
    ("abort-run", "april", A, A, U),
    ("abort-run", "september", A, A, U),
    ("abort-session", "april", C, A, U),
    ("abort-session", "september", C, A, U),
    ("channel-stop", "april", A, C, U),
    ("channel-stop", "september", C, C, U),
    ("wait-for-recovery", "april", A, A, U),
    ("companion-release", "april", A, A, P),
    ("companion-release", "september", P, A, P),
    ("reset", "september", C, A, U),
    ("restart", "april", C, U, U),
    ("restart", "september", U, C, U),
]


@pytest.mark.parametrize(("step", "generation", "rpc", "channel", "parked"), TABLE)
def test_the_table_of_fates(
    step: str, generation: str, rpc: Fate, channel: Fate, parked: Fate
) -> None:
    later = generation == "september"
    found = [fate_of(step, later, came) for came in (RPC, CHANNEL, PARKED)]
    assert found == [rpc, channel, parked]


@pytest.mark.parametrize("step", ["reset", "no such step"])
def test_what_was_not_measured_is_not_known(step: str) -> None:
    assert fate_of(step, False, RPC) is Fate.UNKNOWN


def waiting(picture: Picture, step: str) -> list[tuple[str | None, Fate, int]]:
    found = offers(picture)[step].waiting
    return [(one.message.run_id if one.message else None, one.fate, one.number) for one in found]


def test_a_listed_message_came_by_rpc_and_what_is_only_counted_by_a_channel() -> None:
    lock = entry(began=0, waiters=2)
    picture = seeing()
    for at in (0.0, 50.0, 100.0):
        picture.tell(told(lock, at=at), at=at)
    facts = picture.store.held.sessions[KEY]
    facts.pending = (parked("w1"),)
    picture.store.held.mark(KEY)
    picture.wait_until(101)
    assert waiting(picture, "abort-session") == [("w1", C, 1), (None, A, 2)]
    assert waiting(picture, "companion-release") == [("w1", P, 1), (None, A, 2)]


def test_where_an_rpc_message_may_be_among_the_counted_its_fate_is_not_ruled_out() -> None:
    lock = entry(lane_task=True, embedded_run=True, waiters=2)
    picture = INSIDE["channel"]("april").tell(told(lock, at=101), at=101)
    assert waiting(picture, "abort-session") == [(None, A, 2)]
    picture.tell(told(lock, at=102, runs=[k.RpcRun("w1", key=KEY)]), at=102)
    assert waiting(picture, "abort-session") == [(None, U, 2)]
    losses = offers(picture)["abort-session"].losses
    assert losses == ("perhaps 2 waiting messages (their fate is not known)",)


def test_waiting_rpc_runs_are_told_from_the_one_that_holds_the_session() -> None:
    runs = [
        k.RpcRun("late", key=KEY, started_at_ms=at_ms(40)),
        k.RpcRun("run-1", key=KEY, started_at_ms=at_ms(0)),
    ]
    picture = INSIDE["rpc"]("april")
    lock = entry(lane_task=True, embedded_run=True, waiters=1)
    picture.tell(told(lock, at=101, runs=runs), at=101)
    assert waiting(picture, "abort-run") == [("late", A, 1)]
    assert waiting(picture, "abort-session") == [("late", C, 1)]


def test_without_a_companion_only_listed_messages_are_foretold() -> None:
    picture = leaked(pending=[parked("w1"), parked("w2", state="cancelled")])
    assert waiting(picture, "abort-session") == [("w1", C, 1)]
    assert waiting(SITUATIONS["rpc"]("april"), "abort-run") == []


def test_a_parked_follow_up_of_a_channel_stays_parked() -> None:
    behind = k.Followups(KEY, depth=1, messages=[k.ParkedMessage("hello?", at=at_ms(1))])
    picture = INSIDE["orphan"]("april", followups=[behind])
    (one,) = offers(picture)["companion-release"].waiting
    assert one.fate is P
    assert one.message is not None
    assert one.message.preview == "hello?"


# -- in words


def test_each_message_is_told_so_that_a_person_knows_it() -> None:
    (one,) = offers(leaked(pending=[parked("w1", at=5)]))["abort-session"].waiting
    assert one.text().startswith('"are you there?" from ada of ')
    assert one.text().endswith(": cancelled, never answered")


def test_a_secret_in_a_message_is_masked_and_a_long_one_cut() -> None:
    message = parked("w1")
    message.preview = "token=abcd1234efgh " + "x" * 200
    (one,) = offers(leaked(pending=[message]))["abort-session"].waiting
    assert "abcd1234efgh" not in one.text() + str(one.document())
    assert len(one.text()) < 140


def test_those_only_counted_are_told_as_a_number() -> None:
    assert Foretold(None, A, 2).text() == (
        "2 messages that no text is known of: answered after the release"
    )


def test_the_document_keeps_what_was_foretold_beside_what_became() -> None:
    (one,) = offers(leaked(pending=[parked("w1")]))["abort-session"].waiting
    document = one.document(Fate.CANCELLED)
    assert (document["predicted"], document["became"]) == ("cancelled", "cancelled")
    assert (document["run_id"], document["from"], document["count"]) == ("w1", "ada", 1)
    assert one.document()["became"] is None


def test_every_offer_foretells_the_same_messages() -> None:
    picture = leaked(pending=[parked("w1"), parked("w2")])
    for offer in ladder(picture.lock(), picture.store):
        assert [one.message and one.message.run_id for one in offer.waiting] == ["w1", "w2"]
