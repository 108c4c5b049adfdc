"""What an action says of itself: every outcome, its exit code and its document."""

import json

import pytest

from clawtop.remedies.judge import Progress
from clawtop.remedies.outcome import (
    EXIT,
    SCHEMA,
    WORST,
    Action,
    Item,
    conclude_items,
    conclude_release,
    deny_action,
    release_action,
)
from clawtop.remedies.plan import plan_deny_ids, plan_release
from tests.picture.builders import KEY, Picture, approval, approvals, at_ms
from tests.remedies.situations import SITUATIONS

KEYS = (
    "schema action gateway target step plan loses requested accepted released queue_moving layer"
    " outcome reason next started_at_ms took_ms operator reason_given waiting"
)


def release(*, accepted: bool | None = True, requested: bool = True) -> Action:
    picture = SITUATIONS["rpc"]("september")
    plan = plan_release(picture.store, KEY)
    assert plan is not None
    action = release_action(plan, at_ms(1), "ada@host", "stuck since lunch")
    action.accepted, action.requested = accepted, requested
    return action


def test_a_planned_release_tells_everything_and_has_sent_nothing() -> None:
    told = release(accepted=None, requested=False).document()
    assert set(told) == set(KEYS.split())
    assert told["schema"] == SCHEMA == "clawtop.action/1"
    assert (told["outcome"], told["requested"], told["accepted"]) == ("planned", False, None)
    assert told["target"]["session_key"] == KEY
    assert told["target"]["run_id"] == "run-1"
    assert told["plan"] == [f'sessions.abort {{"key": "{KEY}", "runId": "run-1"}}']
    assert told["next"] == "abort-session"
    assert told["reason_given"] == "stuck since lunch"
    json.dumps(told)


@pytest.mark.parametrize(
    ("accepted", "released", "moving", "outcome", "layer", "exit_code"),
    [
        (True, True, None, "done", None, 0),
        (True, True, True, "done", None, 0),
        (None, True, True, "done", None, 0),
        (True, True, False, "not_released", "lane", 5),
        (True, False, None, "not_released", "lock", 5),
        (False, False, None, "not_released", "lock", 5),
        (None, False, None, "unknown", None, 4),
    ],
)
def test_each_way_a_release_can_end(
    accepted: bool | None,
    released: bool,
    moving: bool | None,
    outcome: str,
    layer: str | None,
    exit_code: int,
) -> None:
    action = release(accepted=accepted)
    conclude_release(action, Progress(released=released, moving=moving, evidence="seen"))
    assert (action.outcome, action.layer, action.exit_code) == (outcome, layer, exit_code)
    assert action.queue_moving == moving


def test_no_answer_and_no_release_seen_is_unknown_and_says_not_to_repeat_it() -> None:
    action = release(accepted=None)
    conclude_release(action, Progress(released=False))
    assert action.released is None, "not seen is not the same as not done"
    assert "look before repeating it" in action.reason


def test_released_and_the_next_one_still_at_work_is_unknown_and_never_done() -> None:
    action = release()
    conclude_release(action, Progress(released=True, unsure=True, note="it is working"))
    assert (action.outcome, action.exit_code) == ("unknown", 4)
    assert action.reason.endswith("it is working")


def test_the_layer_and_the_next_step_are_the_judge_s_where_it_knows_better() -> None:
    action = release()
    stuck = Progress(released=True, moving=False, layer="delivery", next_step="restart")
    conclude_release(action, stuck)
    assert (action.outcome, action.layer, action.next) == ("not_released", "delivery", "restart")


def test_waiting_for_the_gateways_own_recovery_in_vain_is_not_unknown() -> None:
    action = release(accepted=None, requested=False)
    conclude_release(action, Progress(released=False))
    assert (action.outcome, action.released) == ("not_released", False)


def test_what_is_done_needs_no_next_step_and_what_is_not_names_it() -> None:
    done, failed = release(), release()
    conclude_release(done, Progress(released=True))
    conclude_release(failed, Progress(released=False))
    assert (done.next, failed.next) == (None, "abort-session")


def test_the_reason_keeps_what_was_noted_before() -> None:
    action = release()
    action.reason = "no answer came in time"
    conclude_release(action, Progress(released=True, evidence="it ended", note="2 cancelled"))
    assert action.reason == "no answer came in time; it ended; 2 cancelled"


# -- denials


def denial(*outcomes: str) -> Action:
    picture = Picture().tell(approvals(approval("a"), approval("b", created=1)))
    plan, _ = plan_deny_ids(picture.store, ["a", "b"])
    action = deny_action(plan, at_ms(1), "ada@host", None)
    action.items = [Item(f"i{number}", word) for number, word in enumerate(outcomes)]
    conclude_items(action)
    return action


@pytest.mark.parametrize(
    ("items", "outcome", "exit_code"),
    [
        (["done", "done"], "done", 0),
        (["done", "refused"], "refused", 1),
        (["refused", "refused"], "refused", 1),
        (["done", "not_effective", "refused"], "not_effective", 5),
        (["done", "unknown", "not_effective", "refused"], "unknown", 4),
        ([], "nothing_to_do", 0),
    ],
)
def test_the_worst_item_decides(items: list[str], outcome: str, exit_code: int) -> None:
    action = denial(*items)
    assert (action.outcome, action.exit_code) == (outcome, exit_code)


@pytest.mark.parametrize(
    ("items", "requested", "accepted"),
    [
        (["done", "done"], True, True),
        (["done", "not_effective"], True, False),
        (["refused"], False, None),
        (["unknown", "done"], True, None),
        ([], False, None),
    ],
)
def test_what_was_sent_and_taken_is_told(
    items: list[str], requested: bool, accepted: bool | None
) -> None:
    action = denial(*items)
    assert (action.requested, action.accepted) == (requested, accepted)


def test_a_denial_tells_its_items() -> None:
    action = denial("done")
    action.items = [Item("a", "done", "deny", "ada", "it was quick")]
    told = action.document()
    assert told["items"] == [
        {
            "id": "a",
            "outcome": "done",
            "recorded_decision": "deny",
            "decided_by": "ada",
            "reason": "it was quick",
        }
    ]
    assert told["target"] == {"ids": ["a", "b"], "kept": []}
    assert action.title == "deny"


def test_every_word_of_an_outcome_has_an_exit_code() -> None:
    assert set(WORST) <= set(EXIT)
    assert EXIT["refused"] == 1
    assert {EXIT[word] for word in ("planned", "done", "nothing_to_do")} == {0}
