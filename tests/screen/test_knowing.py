"""What changed, muting, log lines, lanes and tasks, the bell and the hook: on the dashboard."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clawtop.demo.world import World
from clawtop.gateway.hook import Hook
from clawtop.incidents.engine import Change, Engine
from clawtop.incidents.incident import Severity
from clawtop.incidents.scene import Finding, Kind, Scene, Subject
from clawtop.picture.records import Proof
from clawtop.screen import knowing
from clawtop.screen.knowing import about
from clawtop.screen.muting import HOUR_MS
from clawtop.screen.news_page import names
from tests.gateway.test_hook import writer
from tests.screen.plot import Plot
from tests.screen.stage import Stage, play, stage

MAIN = "agent:main:main"
DM = "agent:main:telegram:dm:42"


async def named(on: Stage, title: str) -> None:
    await on.until_text(f"0 INCIDENTS  {title}")


def is_open(on: Stage, incident_id: str) -> bool:
    assert on.app.standing is not None
    return any(one.id == incident_id for one in on.app.standing.engine.open.values())


def is_known(on: Stage, keys: list[str]) -> bool:
    engine = on.app.standing.engine if on.app.standing is not None else None
    return engine is not None and all(engine.of_session(key) for key in keys)


def test_a_long_listing_is_looked_at_frame_by_frame_until_all_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(knowing, "LOOK_A_FRAME", 2)
    asked: list[list[str]] = []
    refresh = Engine.refresh

    def noting(engine: Engine, limit: int | None = None) -> list[Change]:
        found = refresh(engine, limit)
        asked.append([one.incident.key for one in found])
        return found

    monkeypatch.setattr(Engine, "refresh", noting)
    monkeypatch.setattr(Engine, "_calm", lambda _engine, _key: False)
    world = World("september")
    keys = [f"agent:main:s{number}" for number in range(7)]
    for key in keys:
        world.session(key, session_id=f"id-{key}")

    def look(_scene: Scene, name: str) -> Finding | None:
        return Finding(Severity.WARNING, Proof.LIKELY, "bad", [], [], [], name)

    async def scene() -> None:
        kind = Kind("I-99", "made up", Subject.SESSION, look, ("#1",))
        async with stage(world=world, kinds=[kind]) as on:
            await on.until(lambda: is_known(on, keys), "all are known")

    play(scene)
    assert max(map(len, asked)) <= 2


# -- z


def test_muting_shows_the_next_one_and_z_again_lifts_it() -> None:
    async def scene() -> None:
        plot = Plot()
        plot.find(0, "agent:a:bad", "critical")
        plot.find(1, "agent:a:next")
        async with stage(kinds=plot.kinds) as on:
            await named(on, "1 critical · 1 warning")
            await on.press("0", "z")
            await on.until_text("muted for an hour", "0 INCIDENTS  1 critical · 1 warning · 1 mut")
            await on.until_text("mute 60m")
            await on.until(lambda: on.lines()[1].startswith("WARNING made up 1  agent:a:next"))
            await on.until(lambda: "more (0)" not in on.lines()[1])
            await on.until(lambda: on.app.board.table().source.id_at(0).startswith("I-91"), "moved")
            await on.press("z")
            await on.until_text("not muted any more: made up 0")
            await on.until(lambda: on.lines()[1].startswith("CRITICAL made up 0"))

    play(scene)


def test_everything_muted_is_said_so() -> None:
    async def scene() -> None:
        plot = Plot()
        plot.find(0, "agent:a:bad", "critical")
        async with stage(kinds=plot.kinds) as on:
            await named(on, "1 critical")
            await on.press("0", "z")
            await on.until_text("nothing else is wrong that this gateway shows; 1 incident muted")
            await on.press("enter")
            await on.until_text("muted       59m")

    play(scene)


@pytest.mark.parametrize("how", ["worse", "over"])
def test_a_mute_ends_when_it_gets_worse_or_its_hour_is_over(how: str) -> None:
    async def scene() -> None:
        plot = Plot()
        plot.find(0, "agent:a:bad", "warning")
        async with stage(kinds=plot.kinds) as on:
            await named(on, "1 warning")
            await on.press("0", "z")
            await named(on, "1 warning · 1 muted")
            if how == "worse":
                plot.find(0, "agent:a:bad", "critical")
                plot.tell(on)
            else:
                assert on.app.watcher is not None
                on.app.watcher.clock.heard(on.app.store.now_ms + HOUR_MS + 1)
                on.app.dirty()
            word = "CRITICAL" if how == "worse" else "WARNING"
            await on.until(lambda: on.lines()[1].startswith(f"{word} made up 0"), "heard again")
            await on.until(lambda: "muted" not in on.lines()[2])

    play(scene)


def test_z_elsewhere_says_what_it_is_for() -> None:
    async def scene() -> None:
        async with stage(kinds=()) as on:
            await on.press("2", "z")
            await on.until_text("z mutes an incident: press 0")

    play(scene)


# -- w


def test_w_shows_what_changed_since_the_last_w() -> None:
    async def scene() -> None:
        plot = Plot()
        plot.find(0, "agent:a:one")
        plot.find(1, "agent:a:two")
        plot.find(2, "agent:a:three", "critical")
        async with stage(kinds=plot.kinds, stale_after_ms=300) as on:
            await named(on, "1 critical · 2 warning")
            await on.press("w")
            await on.until_text("WHAT CHANGED since", "new           CRITICAL made up 2")
            await on.press("escape", "w")
            await on.until_text("INCIDENTS\n   no change", "LOCKS\n   no change")
            await on.press("escape")
            plot.lose(0)
            plot.find(1, "agent:a:two", "critical")
            plot.find(2, "agent:a:three", "warning")
            plot.find(3, "agent:a:brief")
            plot.tell(on)
            await on.until(lambda: is_open(on, "I-93"), "the brief one")
            plot.lose(3)
            plot.find(4, "agent:a:four")
            plot.tell(on)
            on.world.start_run(MAIN, "rpc")
            await on.until(lambda: is_open(on, "I-94") and not is_open(on, "I-93"), "the fourth")
            await on.until_text("1 stale")
            await on.press("w")
            await on.until_text(
                "new           WARNING made up 4  agent:a:four",
                "worse         CRITICAL made up 1  agent:a:two  ?  (was warning, likely)",
                "better        WARNING made up 2  agent:a:three",
                "gone          WARNING made up 0  agent:a:one",
                "came and went WARNING made up 3  agent:a:brief",
                f"new           stale  {MAIN}",
            )
            await on.press("escape")
            on.world.end_run(MAIN)
            await on.until_text("0 held")
            await on.press("w")
            await on.until_text(f"gone          {MAIN}  rpc  (was stale)")

    play(scene)


# -- l


def test_l_shows_the_masked_lines_of_that_session_alone() -> None:
    async def scene() -> None:
        async with stage(size=(120, 36), kinds=()) as on:
            on.world.start_run(MAIN, "rpc", run_id="run-1")
            on.world.log(f"first: sessionKey={MAIN} token=ghp_0123456789abcdef")
            on.world.log(f"other: sessionKey={MAIN}:thread:1")
            on.world.log("by run: runId=run-1 \x1b[2Jdone")
            await on.until(lambda: len(on.app.store.log) >= 3, "the log")
            await on.until_text("1 held")
            await on.press("l")
            await on.until_text(f"LOG  {MAIN}", "first: sessionKey", "token=***", "by run: runId")
            shown = on.text()
            assert "\\x1b[2Jdone" in shown
            assert "0123456789abcdef" not in shown
            assert "thread:1" not in shown
            assert shown.index("first:") < shown.index("by run:")

    play(scene)


def test_log_lines_that_come_are_followed_until_a_person_scrolls() -> None:
    async def scene() -> None:
        async with stage(kinds=()) as on:
            on.world.start_run(MAIN, "rpc", run_id="run-1")
            for number in range(40):
                on.world.log(f"line {number}. sessionKey={MAIN}")
            await on.until_text("1 held")
            await on.until(lambda: len(on.app.store.log) >= 40, "the log")
            await on.press("l")
            await on.until_text("line 39.", "newest last")
            on.world.log(f"line 40. sessionKey={MAIN}")
            on.app.watcher.ask_all_now()  # type: ignore[union-attr]
            await on.until_text("line 40.", "newest last")
            await on.press("g")
            await on.until_text("line 0.")

    play(scene)


def test_l_says_when_logs_cannot_be_seen() -> None:
    async def scene() -> None:
        async with stage(kinds=()) as on:
            on.world.start_run(MAIN, "rpc")
            await on.until_text("1 held")
            refusal = {"code": "INVALID_REQUEST", "message": "logs.tail was refused"}
            on.gateway.faults.error_methods["logs.tail"] = refusal

            def refused() -> bool:
                on.app.watcher.ask_all_now()  # type: ignore[union-attr]
                return on.app.store.coverage()["logs"].level == "none"

            await on.until(refused)
            await on.press("l")
            await on.until_text("not visible: the gateway refused logs.tail")

    play(scene)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("sessionKey=agent:a:b done", True),
        ("lane=session:agent:a:b", True),
        ("Reply run already active for agent:a:b.", True),
        ("agent:a:b: it failed", True),
        ('key="agent:a:b"', True),
        ("sessionKey=agent:a:b:thread:1", False),
        ("sessionKey=agent:a:bc", False),
        ("sessionKey=xagent:a:b", False),
        ("nothing of it", False),
    ],
)
def test_a_line_is_about_a_session_that_it_names_whole(line: str, named: bool) -> None:
    assert names(line, ["agent:a:b"]) is named


def test_a_row_without_a_session_shows_the_whole_log() -> None:
    async def scene() -> None:
        plot = Plot()
        plot.find(0, None)
        async with stage(kinds=plot.kinds) as on:
            on.world.log("something of no session")
            await on.until(lambda: len(on.app.store.log) >= 1, "the log")
            await named(on, "1 warning")
            await on.press("0", "l")
            await on.until_text("LOG  all lines: no session in this row", "something of no session")
            assert about(on.app.record()) == (None, ())

    play(scene)


# -- 5


def test_5_shows_lanes_and_guards_tasks() -> None:
    async def scene() -> None:
        async with stage(size=(100, 40), kinds=(), stale_after_ms=5_000) as on:
            now = on.world.now()
            told = {"sessionKey": MAIN, "ownerKey": MAIN}
            first = on.world.add_task(told | {"title": "\x1b[2Jindex", "createdAt": now - 9_000})
            on.world.add_task(told | {"title": "\x1b[2Jindex", "createdAt": now - 8_000})
            on.world.add_task(told | {"title": "report", "updatedAt": now - 60_000})
            await on.until(lambda: len(on.app.store.tasks.all()) == 3, "the tasks")
            await on.until(lambda: "lanes" in on.app.store.listed, "the lanes")
            await on.press("5")
            await on.until_text("LANES AND TASKS", "ACTIVE QUEUED", "main")
            await on.until_text("TASKS  3 active, 1 second copy (X cancels)", "\\x1b[2Jindex")
            await on.until_text(f"a second copy of {first['taskId']}", "quiet", "working")
            await on.press("N")
            await on.until_text("on this page only X acts")

    play(scene)


def test_5_says_what_an_earlier_gateway_does_not_show() -> None:
    async def scene() -> None:
        async with stage(generation="april", kinds=()) as on:
            await on.press("5")
            await on.until_text("not visible: this gateway has no diagnostics.lanes")

    play(scene)


def test_x_on_the_lanes_page_without_copies_says_so() -> None:
    async def scene() -> None:
        async with stage(kinds=()) as on:
            await on.press("5")
            await on.until_text("LANES AND TASKS")
            await on.press("X")
            await on.until_text("no task is a second copy of another")

    play(scene)


# -- the bell and the hook


def test_the_bell_rings_for_a_new_critical_one_at_most_once_in_a_while() -> None:
    async def scene() -> None:
        plot, rung = Plot(), []
        plot.find(0, "agent:a:one")
        async with stage(kinds=plot.kinds, bell=True) as on:
            on.app.alarm._ring = lambda: rung.append(1)
            clock = [1000.0]
            on.app.alarm._clock = lambda: clock[0]
            await named(on, "1 warning")
            assert rung == []
            plot.find(0, "agent:a:one", "critical")  # worse
            plot.tell(on)
            await named(on, "1 critical")
            assert rung == [1]
            clock[0] += 29
            plot.find(1, "agent:a:two", "critical")
            plot.tell(on)
            await named(on, "2 critical")
            assert rung == [1]
            clock[0] += 2
            plot.find(2, "agent:a:three", "critical")
            plot.tell(on)
            await named(on, "3 critical")
            assert rung == [1, 1]
            clock[0] += 60
            on.select(0, "I-90|edge-1|agent:a:one|")
            await on.press("z")
            await named(on, "3 critical · 1 muted")
            plot.lose(0)
            plot.tell(on)
            await on.until(lambda: not is_open(on, "I-90"), "gone")
            plot.find(0, "agent:a:one", "critical")
            plot.tell(on)
            await named(on, "3 critical · 1 muted")
            assert rung == [1, 1]  # back again, and still muted
            plot.find(3, "agent:a:four", "critical")
            plot.tell(on)
            await named(on, "4 critical · 1 muted")
            assert rung == [1, 1, 1]

    play(scene)


def test_without_the_option_nothing_rings() -> None:
    async def scene() -> None:
        async with stage(kinds=()) as on:
            assert on.app.alarm._ring is None

    play(scene)


def test_each_incident_is_handed_to_the_command(tmp_path: Path) -> None:
    async def scene() -> None:
        plot, out = Plot(), tmp_path / "out"
        plot.find(0, MAIN, "warning")
        plot.find(1, DM, "info")
        async with stage(kinds=plot.kinds, hook=Hook(writer(tmp_path, out))) as on:
            await named(on, "1 warning · 1 info")
            await on.until(lambda: out.exists() and out.read_text().count("\n") == 1, "the file")
            plot.find(0, MAIN, "critical")
            plot.tell(on)
            await on.until(lambda: out.read_text().count("\n") == 2, "the second")
            told = [json.loads(line) for line in out.read_text().splitlines()]
            assert [one["severity"] for one in told] == ["warning", "critical"]
            assert told[0]["key"] == f"I-90|edge-1|{MAIN}|"
            assert told[0]["remedies"][0]["label"] == "wait a little"

    play(scene)


def test_a_command_that_fails_is_one_line_on_the_screen() -> None:
    async def scene() -> None:
        plot = Plot()
        plot.find(0, MAIN)
        async with stage(kinds=plot.kinds, hook=Hook("/no/such/command")) as on:
            await on.until_text("--on-incident /no/such/command cannot be started")
            assert on.app.is_running

    play(scene)
