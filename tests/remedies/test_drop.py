"""Which queued line may be dropped, which copy stays, and what is said where none may."""

from __future__ import annotations

import pytest

from clawtop.errors import RefusedError
from clawtop.picture import changes as c
from clawtop.picture.store import Store
from clawtop.remedies.drop import drop_lines, gone_since, plan_drop, plan_drop_event
from clawtop.remedies.scopes import scopes_for
from tests.picture.builders import KEY, Picture
from tests.picture.inside import queued, seeing, told

OTHER = "agent:main:other"


def holding(*texts: str, can_release: bool = True) -> Picture:
    queues = [queued(KEY, *texts), queued(OTHER, "end")]
    return seeing().tell(told(events=queues, can_release=can_release))


def refused(store: Store, position: int) -> str:
    with pytest.raises(RefusedError) as error:
        plan_drop(store, KEY, position)
    return error.value.sentence()


@pytest.mark.parametrize(
    ("texts", "position", "stays"),
    [
        (("end", "between", "end"), 2, 0),
        (("end", "between", "end"), 0, 2),
        (("end", "end", "end"), 1, 0),
        (("end|exec:1", "between", "ended|exec:1"), 2, 0),
        (("a|exec:1", "b|exec:1", "b"), 2, 1),
    ],
)
def test_a_copy_goes_and_one_like_it_stays(
    texts: tuple[str, ...], position: int, stays: int
) -> None:
    store = holding(*texts).store
    plan = plan_drop(store, KEY, position)
    assert (plan.event.position, plan.stays.position) == (position, stays)
    assert plan.token == store.queue.of(KEY)[position].token
    assert plan_drop_event(store, plan.event.id) == plan
    assert gone_since(plan, store) is None
    assert plan.command().split()[-2:] == ["--expect-token", plan.token]
    assert scopes_for(["clawtop.dropEvent"]) == ("operator.admin", "operator.read")


@pytest.mark.parametrize(
    "texts",
    [("end", "other"), ("end|exec:1", "other|exec:2"), ("end", "ending"), ("end",)],
    ids=str,
)
def test_a_line_that_stands_alone_stays(texts: tuple[str, ...]) -> None:
    assert "it would be lost" in refused(holding(*texts).store, 0)


def test_the_same_line_of_another_session_is_no_copy() -> None:
    assert "no copy" in refused(holding("end").store, 0)


def test_what_changed_since_is_said() -> None:
    picture = holding("end", "between", "end")
    plan = plan_drop(picture.store, KEY, 2)
    picture.tell(told(events=[queued(KEY, "end", "between", "more")], at=1), at=1)
    assert gone_since(plan, picture.store) == "that line is not queued any more"
    picture = holding("end", "between", "end")
    later = queued(KEY, "other", "between", "end")
    picture.tell(told(events=[later], at=1), at=1)
    assert gone_since(plan, picture.store) == "it is no copy of another any more"


def test_without_the_means_nothing_is_offered() -> None:
    without = Picture("september").tell(c.StatusRead(events=["end", "x", "end"], agent_ids=["m"]))
    assert "clawtop companion install" in refused(without.store, 2)
    off = holding("end", "x", "end", can_release=False)
    assert "allowRelease" in refused(off.store, 2)
    blind = seeing().tell(told(cannot={"system_events": "no such map\x1b[2J"}))
    assert "no such map\\x1b[2J" in refused(blind.store, 0)
    assert "does not answer" in refused(seeing().store, 0)


def test_what_a_person_reads_is_masked_and_short() -> None:
    line = "done --token abcd1234efgh " + "x" * 400
    shown = dict(drop_lines(plan_drop(holding(line, "between", line).store, KEY, 2)))
    assert "abcd1234efgh" not in shown["drop"] + shown["keep"] + shown["loses"]
    assert shown["drop"].endswith("…")
    assert len(shown["drop"]) < 220
    assert shown["keep"].startswith("#0")
