"""What ``watch`` takes for a change, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest

from clawtop.cli.differ import Differ, Line
from clawtop.cli.watch_text import line_text
from clawtop.incidents.engine import Engine
from clawtop.picture import changes as c
from tests.picture.builders import (
    KEY,
    Picture,
    approval,
    approvals,
    begins,
    gateway,
    later_row,
    listed,
    works,
)


def watched(*changes: c.Change) -> tuple[Picture, Differ]:
    picture = Picture().tell(*changes)
    differ = Differ(picture.store, Engine(picture.store, kinds=[]))
    differ.lines()
    return picture, differ


def told(differ: Differ) -> list[tuple[str, str, str]]:
    return [(line.change, line.panel, line.id) for line in differ.lines()]


def test_progress_age_and_a_better_lower_bound_are_no_change() -> None:
    picture, differ = watched(listed(later_row()), begins())
    for second in range(1, 30):
        picture.tell(works(at=second), listed(later_row(at=second), at=second), at=second)
        assert told(differ) == []
    picture.wait_until(31)
    assert told(differ) == []


def test_a_verdict_is_a_change() -> None:
    picture, differ = watched(listed(later_row()), begins())
    picture.wait_until(700)
    assert told(differ) == [("changed", "locks", KEY)]
    assert told(differ) == []


def test_a_lane_that_works_is_no_change_and_one_that_fills_is() -> None:
    picture, differ = watched(c.LanesRead([c.LaneRow("main", 1, 0, 4)]))
    picture.tell(c.LanesRead([c.LaneRow("main", 3, 0, 4)]), at=5)
    assert told(differ) == []
    picture.tell(c.LanesRead([c.LaneRow("main", 4, 0, 4)]), at=10)
    assert told(differ) == [("changed", "lanes", "main")]
    picture.tell(c.LanesRead([c.LaneRow("main", 4, 2, 4)]), at=15)
    assert told(differ) == [("changed", "lanes", "main")]
    picture.tell(c.LanesRead([]), at=20)
    assert told(differ) == [("gone", "lanes", "main")]


def test_events_that_move_up_are_no_change() -> None:
    picture, differ = watched(c.StatusRead(["a", "b", "c"], ["main"]))
    picture.tell(c.StatusRead(["b", "c"], ["main"]), at=5)
    assert [line[:2] for line in told(differ)] == [("gone", "system_events")]


@pytest.mark.parametrize("panel_touched", [False, True])
def test_one_more_copy_is_one_line(panel_touched: bool) -> None:
    picture, differ = watched(approvals(approval("a"), approval("b", created=1)))
    picture.tell(c.ApprovalRequested("exec", approval("d", created=2)), at=5)
    if panel_touched:
        differ._follower.touch("approvals", ("*",))
    assert told(differ) == [("new", "approvals", "d")]


def test_missed_frames_are_a_gap_and_a_lost_link_holds_the_rows() -> None:
    picture, differ = watched(listed(later_row()))
    picture.tell(c.Missed(3), at=1)
    (gap, *_) = differ.lines()
    assert (gap.change, gap.panel, gap.row) == ("gap", "link", {"missed_frames": 3})
    picture.tell(c.LinkDown("the gateway closed the link"), at=2)
    (down,) = differ.lines()
    assert down.row is not None
    assert (down.change, down.row["up"], down.row["why"]) == (
        "link",
        False,
        "the gateway closed the link",
    )
    picture.tell(c.LinkUp(gateway(boot_id="boot-2"), picture.store.now_ms), at=3)
    assert ("gone", "locks", KEY) in told(differ)


ROW: dict[str, Any] = {"lane": "main\x1b[2J\nx", "active": 1, "max": None, "queued": 0}


def test_the_text_of_a_line_stays_on_it() -> None:
    (text,) = line_text(Line(1_795_000_000_000, "new", "lanes", "main", ROW))
    assert text == f"{text[:8]}Z new lane main\\x1b[2J\\nx: not full, 0 queued, 1 active"
