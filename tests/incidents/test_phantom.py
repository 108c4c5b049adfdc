"""I-04: a recovery requested while one was under way."""

from tests.incidents.scenes import Watch, completed, logged, requested, ring
from tests.picture.builders import KEY


def outcome(status: str, reason: str, at: float) -> object:
    text = (
        f"stuck session recovery outcome: status={status} action=none sessionId=s"
        f" sessionKey={KEY} reason={reason} released=0"
    )
    return logged(text, at=at)


def phantom(watch: Watch) -> Watch:
    events = [
        requested(1, at=0, age_s=360),
        requested(2, at=4, age_s=364),
        completed(3, at=5, outcome="skipped", age_s=364, reason="already_in_flight"),
        completed(4, at=15, outcome="aborted", age_s=360),
    ]
    return watch.tell(ring(*events), outcome("skipped", "already_in_flight", 5), at=20)  # type: ignore[arg-type]


def test_a_request_skipped_as_already_in_flight_is_a_phantom_and_only_information() -> None:
    found = phantom(Watch("april")).one("I-04")
    assert (found.severity, found.certainty, found.session_key) == ("info", "proved", KEY)
    assert "#88010" in found.references


def test_an_ordinary_recovery_raises_nothing() -> None:
    watch = Watch("april").tell(ring(requested(1, at=0), completed(2, at=15)), at=20)
    assert watch.ids() == set()


def test_an_attempt_still_running_is_no_phantom() -> None:
    watch = Watch("april").tell(ring(requested(1, at=0), requested(2, at=10)), at=20)
    assert watch.found("I-04") == []


def test_a_lost_outcome_is_not_called_a_phantom() -> None:
    watch = Watch("april").tell(ring(requested(1, at=0)), at=5).wait_until(90)
    assert watch.found("I-04") == []


def test_it_is_told_for_half_an_hour() -> None:
    watch = phantom(Watch("april"))
    assert watch.wait_until(1700).ids() >= {"I-04"}
    assert "I-04" not in watch.wait_until(1900).ids()
