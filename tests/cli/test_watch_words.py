"""``watch`` as it is heard: a summary, then a fact a line, and no symbol in place of a word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clawtop.cli.differ import Differ
from clawtop.cli.spoken import how_long
from clawtop.cli.watch_summary import REMIND_MS, Reminder, summary
from clawtop.cli.watch_text import line_text
from clawtop.incidents.engine import Engine
from clawtop.picture import changes as c
from clawtop.picture.pause import Act, Pause, PauseKnown
from clawtop.picture.store import Store
from tests.cli.shell import serving
from tests.cli.test_watch import watching
from tests.picture.builders import (
    KEY,
    Picture,
    approval,
    approvals,
    at_ms,
    begins,
    ends,
    gateway,
    later_row,
    listed,
)

WORDS = re.compile(r"\d\d:\d\d:\d\dZ [a-z0-9][ -~]*")  # no box, no arrow, no sign of a comparison
OPERATOR = "ann@host"


def heard(differ: Differ) -> list[str]:
    lines = [text for line in differ.lines() for text in line_text(line)]
    assert all(WORDS.fullmatch(line) and "  " not in line for line in lines), lines
    return [line[10:] for line in lines]


def whole(store: Store, differ: Differ, reminder: Reminder | None = None) -> list[str]:
    paused = reminder.lines(store) if reminder else []
    lines = summary(store, differ.engine.incidents(), paused)
    assert all(WORDS.fullmatch(line) and "  " not in line for line in lines), lines
    return [line[10:] for line in lines]


def watched(*changes: c.Change) -> tuple[Picture, Differ]:
    picture = Picture().tell(*changes)
    differ = Differ(picture.store, Engine(picture.store))
    differ.lines()
    return picture, differ


AGES = {
    None: "an unknown time",
    0: "0 seconds",
    1_000: "1 second",
    61_000: "1 minute 1 second",
    17 * 60_000: "17 minutes",
    2 * 3_600_000: "2 hours",
    26 * 3_600_000: "1 day 2 hours",
}


@pytest.mark.parametrize("ms", AGES)
def test_an_age_is_said_in_words(ms: int | None) -> None:
    assert how_long(ms) == AGES[ms]


def test_a_lower_bound_is_said_so() -> None:
    assert how_long(61_000, at_least=True) == "at least 1 minute 1 second"


def test_the_summary_begins_with_the_gateway_and_the_worst_incident() -> None:
    asks = [approval(name, created=number) for number, name in enumerate("abcd")]
    picture, differ = watched(listed(later_row()), begins(), approvals(*asks))
    told = whole(picture.store, differ)
    assert told[0].startswith("connected to gateway ")
    assert told[1] == "1 incident open"
    assert told[2].startswith("open incident I-01 approval cascade: critical, ")
    assert told[3].startswith("way out: clawtop deny --duplicates --keep ")
    assert "1 lock: 1 waiting approval" in told
    assert "4 approvals pending: the same one 4 times" in told
    assert told[-1] == "from here on changes, as they happen"


def test_what_cannot_be_seen_says_why_and_is_not_none() -> None:
    picture, differ = watched(listed(later_row()), c.StatusRead([], []))
    told = whole(picture.store, differ)
    assert "0 system events queued: of main sessions only" in told
    assert "approvals cannot be seen: the gateway did not answer for it" in told
    assert not any("approvals pending" in line for line in told)
    picture.tell(c.LinkUp(gateway(methods=("status",)), picture.store.now_ms))
    told = whole(picture.store, differ)
    (why,) = [line for line in told if line.startswith("locks cannot be seen: ")]
    assert "did not answer" not in why


def test_a_change_says_what_is_new_of_it_and_nothing_twice() -> None:
    picture, differ = watched(listed(later_row()), begins())
    picture.wait_until(700)
    (line,) = [one for one in heard(differ) if " lock " in one]
    assert line.startswith(f"changed lock {KEY}: ")
    assert "stale" in line
    assert "holder" not in line
    picture.tell(ends(at=710), listed(later_row(active=False, at=711), at=711), at=711)
    assert [line for line in heard(differ) if " lock " in line] == [f"gone lock {KEY}: was stale"]


def test_a_gap_a_lost_link_and_its_return_are_said() -> None:
    picture, differ = watched(listed(later_row()))
    picture.tell(c.Missed(3), at=1)
    assert heard(differ) == ["gap: 3 frames missed, what happened in between is not known"]
    picture.tell(c.LinkDown("the gateway closed the link"), at=2)
    assert heard(differ) == ["link lost: the gateway closed the link"]
    picture.tell(c.LinkUp(gateway(), picture.store.now_ms), at=3)
    assert heard(differ)[0].startswith("link up: gateway ")


def paused(picture: Picture, act: Act) -> None:
    facts = picture.store.facts
    assert facts is not None
    known = Pause(act, at_ms(0), OPERATOR, facts.name, facts.url, at_ms(0), facts.boot_id)
    picture.tell(PauseKnown(known))


def test_a_pause_of_our_own_is_in_the_summary_and_is_said_again() -> None:
    picture, differ = watched()
    reminder = Reminder()
    assert reminder.lines(picture.store) == []
    paused(picture, Act.PAUSED)
    told = whole(picture.store, differ, reminder)
    at = told.index(f"heartbeats paused by clawtop: for 0 seconds, by {OPERATOR}")
    assert told[at + 1] == "way out: clawtop heartbeats resume"
    picture.wait_until(REMIND_MS / 1000 - 1)
    assert reminder.lines(picture.store) == []
    picture.wait_until(REMIND_MS / 1000)
    assert "for 30 minutes" in reminder.lines(picture.store)[0]
    assert reminder.lines(picture.store) == []
    paused(picture, Act.RESUMED)
    (line,) = reminder.lines(picture.store)
    assert "no pause of heartbeats any more" in line
    assert reminder.lines(picture.store) == []


def test_a_pause_that_is_not_certain_says_why() -> None:
    picture, _ = watched()
    paused(picture, Act.PAUSE_ASKED)
    line = Reminder().lines(picture.store)[0]
    assert "heartbeats perhaps paused" in line
    assert "no answer came" in line


def test_doctor_and_watch_remind_of_a_pause(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        assert "heartbeats  PAUSED" not in served.run("doctor").out
        name = served.run("snapshot", "--json").json["gateway"]["name"]
        assert served.run("heartbeats", "pause", "--confirm-gateway", name).code == 0
        (line,) = [one for one in served.run("doctor").out.splitlines() if "PAUSED" in one]
        assert "clawtop heartbeats resume" in line
        assert served.run("doctor", "--json").json["heartbeats"]["state"] == "paused_by_us"
        with watching(served, as_json=False) as watch:
            watch.until(lambda line: "heartbeats paused by clawtop" in line)
            assert served.run("heartbeats", "resume", "--yes").code == 0
            watch.until(lambda line: "no pause of heartbeats any more" in line)
