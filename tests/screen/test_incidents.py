"""Incidents on the dashboard: on top, in words, with their page and the ways out of it."""

from __future__ import annotations

import pytest

from clawtop.incidents.incident import Act, Way
from clawtop.picture.records import Proof
from clawtop.screen.dialogs import Confirm
from clawtop.screen.reading import Reading
from tests.screen.plot import Plot
from tests.screen.stage import Stage, play, stage
from tests.screen.test_acting import changing

MAIN = "agent:main:main"
DM = "agent:main:telegram:dm:42"
ASKS = "agent:main:asks"
EVIL = "\x1b]0;owned\x07 [bold]x[/bold] \u202egnp"


def three(plot: Plot) -> None:
    plot.find(0, "agent:a:info", "info")
    plot.find(1, "agent:a:bad", "critical")
    plot.find(2, "agent:a:warn", "warning", certainty=Proof.PROVED)


def rows_of(on: Stage, number: int) -> int:
    """How many lines of rows this panel has on the screen, its heading included."""
    return on.app.board.panel(number).table.size.height


def test_the_worst_incident_is_in_the_header_and_the_worst_come_first() -> None:
    async def scene() -> None:
        plot = Plot()
        three(plot)
        async with stage(kinds=plot.kinds) as on:
            await on.until_text("0 INCIDENTS  1 critical · 1 warning · 1 info")
            lines = on.lines()
            assert lines[1].startswith("CRITICAL made up 1  agent:a:bad  ")
            assert lines[1].endswith("+2 more (0)")
            assert lines[2].startswith("─ 0 INCIDENTS")
            assert "CRITICAL" in lines[3]
            assert "agent:a:bad" in lines[3]
            assert "likely" in lines[3]
            assert "WARNING" in lines[4]
            assert "1 EVENTS" in lines[5]  # the third one waits until the panel has the focus
            await on.press("0")
            await on.until_text("info", "agent:a:info")

    play(scene)


@pytest.mark.parametrize("generation", ["april", "september"])
def test_a_calm_gateway_gets_one_calm_line_that_says_what_cannot_be_seen(generation: str) -> None:
    async def scene() -> None:
        async with stage(generation=generation, kinds=()) as on:
            await on.until_text("nothing is wrong that this gateway shows", "0 INCIDENTS  none")
            lines = on.lines()
            assert "1 EVENTS" in lines[3]
            assert ("not visible: waiting, lanes" in lines[2]) == (generation == "april")

    play(scene)


@pytest.mark.parametrize("focus", range(5))
@pytest.mark.parametrize(
    ("size", "least"), [((80, 24), 7), ((60, 16), 5), ((120, 36), 5)], ids=["80", "60", "120"]
)
def test_every_panel_is_usable_at_every_size(size: tuple[int, int], least: int, focus: int) -> None:
    async def scene() -> None:
        plot = Plot()
        for number in range(10):
            plot.find(number, f"agent:a:s{number}")
        async with stage(size=size, kinds=plot.kinds) as on:
            on.world.start_run(MAIN, "rpc", progress=True)
            await on.until_text("0 INCIDENTS  10 warning", "1 held")
            await on.press(str(focus))
            names = ("EVENTS", "LOCKS", "APPROVALS", "RECOVERY", "INCIDENTS")
            await on.until_text(*names, "? help")
            await on.until(lambda: rows_of(on, focus) >= least, "room for the rows")
            assert len(on.lines()) <= size[1]
            if size[0] == 60:
                await on.press("0")
                await on.until_text("agent:a:s0")  # the session is never the column that leaves

    play(scene)


def test_a_wide_screen_says_what_each_incident_is() -> None:
    async def scene() -> None:
        plot = Plot()
        three(plot)
        async with stage(size=(120, 36), kinds=plot.kinds) as on:
            await on.until_text("summary of 0", "summary of 1", "summary of 2", "agent:a:info")

    play(scene)


def test_an_age_is_shown_with_its_lower_bound_and_a_long_key_keeps_both_ends() -> None:
    key = "agent:main:slack:channel:" + "c" * 60 + ":thread:17"

    async def scene() -> None:
        plot = Plot()
        async with stage(kinds=plot.kinds) as on:
            now = on.app.store.now_ms
            plot.find(0, key, "critical", since_ms=now - 600_000, since_is="at_least")
            plot.find(1, MAIN, since_ms=now - 3_700_000, since_is="exact")
            plot.tell(on)
            await on.until_text("0 INCIDENTS  1 critical · 1 warning")
            await on.until(lambda: on.lines()[1].endswith("+1 more (0)"), "the header")
            header = on.lines()[1]
            assert "agent:main" in header
            assert "thread:17  ≥10m  likely" in header
            assert header.endswith("+1 more (0)")
            await on.until(lambda: "1h01m" in on.lines()[4], "the second row")

    play(scene)


def test_the_page_of_an_incident_says_everything_known_of_it() -> None:
    async def scene() -> None:
        plot = Plot()
        async with stage(size=(100, 60), kinds=plot.kinds) as on:
            on.world.start_run(MAIN, "rpc", run_id="run-1")
            await on.until_text("1 held")
            since = on.app.store.now_ms - 240_000
            ways = [Way(Act.RELEASE, MAIN), Way(Act.ADVICE, text="or wait")]
            plot.find(0, MAIN, "critical", since_ms=since, since_is="exact", ways=ways)
            plot.tell(on)
            await on.until_text("CRITICAL made up 0")
            await on.press("0", "enter")
            await on.until_text(
                "CRITICAL  made up 0  I-90",
                "summary of 0",
                "certainty   likely",
                "- evidence of 0",
                "- not a look-alike of 0",
                "openclaw #123",
            )
            await on.until_text("X abort-run", "loses   the run", "sends   sessions.abort")
            await on.until_text("needs   operator", "clawtop release agent:main:main --step")
            await on.until_text("wait-for-recovery  no: ", "or wait", "since       4m")
            plot.lose(0)
            plot.tell(on)
            await on.until_text("it is over: this is how it was last seen", "- evidence of 0")

    play(scene)


def test_x_starts_the_first_way_out_from_the_page_and_k_aborts_the_run() -> None:
    async def scene() -> None:
        plot = Plot()
        async with stage(kinds=plot.kinds) as on:
            on.world.start_run(MAIN, "rpc", run_id="run-1")
            on.world.start_run(DM, "rpc", run_id="run-2")
            await on.until_text("2 held")
            plot.find(0, None, "critical", ways=[Way(Act.RELEASE, MAIN)])
            plot.find(1, DM)
            plot.tell(on)
            await on.until_text("0 INCIDENTS  1 critical · 1 warning")
            await on.press("0", "enter")
            await on.until(lambda: isinstance(on.app.screen, Reading), "the page")
            await on.press("X")
            await on.until_text("abort-run", "session  " + MAIN)
            await on.confirm_with("y")
            await on.until_text("DONE: accepted yes · released yes", "1 held")
            await on.press("j", "K")
            await on.until_text("abort-run", "session  " + DM)
            await on.confirm_with("y")
            await on.until_text("0 held")
            assert changing(on) == ["sessions.abort"] * 2

    play(scene)


def test_a_way_that_cannot_be_taken_says_why() -> None:
    async def scene() -> None:
        plot = Plot()
        plot.find(0, MAIN)
        async with stage(kinds=plot.kinds) as on:
            await on.until_text("0 INCIDENTS  1 warning")
            await on.press("0", "X")
            await on.until_text("no way out can be started here")
            await on.press("K")
            await on.until_text("this incident names no session that is held")
            await on.press("N")
            await on.until_text("N acts on an approval, or on an incident about one")
            assert not isinstance(on.app.screen, Confirm)
            assert changing(on) == []

    play(scene)


def test_nothing_acts_from_an_incident_when_read_only() -> None:
    async def scene() -> None:
        plot = Plot()
        async with stage(kinds=plot.kinds, read_only=True) as on:
            on.world.start_run(MAIN, "rpc", run_id="run-1")
            task = on.world.add_task({"title": "index", "ownerKey": MAIN, "sessionKey": MAIN})
            await on.until_text("1 held")
            ways = [Way(Act.RELEASE, MAIN), Way(Act.CANCEL_TASK, str(task["taskId"]))]
            plot.find(0, MAIN, ways=[*ways, Way(Act.DENY_COPIES, "some-group")])
            plot.tell(on)
            await on.until_text("0 INCIDENTS  1 warning")
            await on.press("0")
            for key in ("X", "K", "N"):
                on.app.hush()
                await on.press(key)
                await on.until_text("this is read-only")
                assert not isinstance(on.app.screen, Confirm)
            await on.press("enter")
            await on.until_text("no: this is read-only")
            await on.press("X")
            await on.until_text("this is read-only: start without --read-only to act")
            assert changing(on) == []

    play(scene)


@pytest.mark.parametrize("where", ["incident", "lanes"])
def test_the_younger_copy_of_a_task_is_cancelled(where: str) -> None:
    async def scene() -> None:
        plot = Plot()
        async with stage(kinds=plot.kinds) as on:
            now = on.world.now()
            told = {"title": "rebuild the index", "sessionKey": MAIN, "ownerKey": MAIN}
            old = on.world.add_task(told | {"createdAt": now - 60_000})
            young = on.world.add_task(told | {"createdAt": now - 50_000})
            await on.until(lambda: len(on.app.store.tasks.groups()) == 1, "the copies")
            plot.find(0, MAIN, ways=[Way(Act.CANCEL_TASK, str(young["taskId"]))])
            plot.tell(on)
            await on.until_text("0 INCIDENTS  1 warning")
            await on.press(*("0", "X") if where == "incident" else ("5",))
            if where == "lanes":
                await on.until_text("TASKS  2 active, 1 second copy", "a second copy of")
                await on.press("X")
            await on.until_text("Cancel 1 task", "rebuild the index", str(young["taskId"]))
            await on.confirm_with("y")
            await on.until_text("DONE: 1 of 1 cancelled")
            assert changing(on) == ["tasks.cancel"]
            assert (old["status"], young["status"]) == ("running", "cancelled")

    play(scene)


def test_hostile_text_in_an_incident_is_escaped_and_masked() -> None:
    async def scene() -> None:
        plot = Plot()
        secret = "token=ghp_0123456789abcdef"
        evidence = [EVIL, secret]
        plot.find(0, f"agent:main:{EVIL}", "critical", summary=EVIL, evidence=evidence)
        plot.find(1, None, summary=EVIL)
        async with stage(size=(120, 36), kinds=plot.kinds) as on:
            await on.until_text("0 INCIDENTS  1 critical · 1 warning", "\\x1b]0;owned\\x07")
            assert "\x1b" not in on.text()
            await on.press("0", "enter")
            await on.until_text("EVIDENCE", "[bold]x[/bold] \\u202egnp", "token=***")
            assert "\u202e" not in on.text()
            assert "0123456789abcdef" not in on.text()

    play(scene)


def test_the_selection_is_an_incident_and_not_a_row() -> None:
    async def scene() -> None:
        plot = Plot()
        for number in (3, 4, 5):
            plot.find(number, f"agent:a:s{number}")
        async with stage(kinds=plot.kinds) as on:
            await on.until_text("0 INCIDENTS  3 warning")
            key = next(key for key in on.app.standing.engine.open if "s4" in key)  # type: ignore[union-attr]
            on.select(0, key)
            plot.find(0, "agent:a:s0", "critical")
            plot.find(1, "agent:a:s1", "critical")
            plot.lose(3)
            plot.tell(on)
            await on.until_text("0 INCIDENTS  2 critical · 2 warning", "agent:a:s1")
            assert on.app.board.table().selected == key
            plot.lose(4)
            plot.tell(on)
            await on.until(lambda: on.app.board.table().selection_gone, "gone")
            for press in ("enter", "X"):
                await on.press(press)
                assert on.app.screen is on.app.board

    play(scene)


def test_the_key_after_a_panel_key_is_meant_for_that_panel() -> None:
    async def scene() -> None:
        plot = Plot()
        plot.find(0, "agent:a:bad", "critical")
        async with stage(kinds=plot.kinds) as on:
            on.world.start_run(MAIN, "rpc", run_id="run-1")
            await on.until_text("1 held", "0 INCIDENTS  1 critical")
            on.app.action_panel(0)  # both keys before the loop comes round once
            on.app.action_open()
            await on.until_text("CRITICAL  made up 0  I-90")

    play(scene)


# -- with the incidents that there really are


def test_a_cascade_is_named_and_its_copies_are_denied_from_its_page() -> None:
    async def scene() -> None:
        async with stage(size=(100, 50)) as on:
            ids = {on.world.request_approval("ps aux", ASKS) for _ in range(4)}
            await on.until_text("CRITICAL approval cascade  agent:main:asks", "INCIDENTS  1 crit")
            await on.until(lambda: "the same approval 4 times" not in on.text())
            await on.press("3", "enter")
            await on.until_text("INCIDENTS (0 for the page", "CRITICAL approval cascade (I-01)")
            await on.press("escape", "0", "enter")
            await on.until_text("#69478", "N deny  deny the copies, keep one")
            await on.press("N")
            await on.until_text("all copies but this one (3)")
            await on.confirm_with("c")
            await on.until_text("Deny 3 requests")
            await on.confirm_with("y")
            await on.until_text("DONE: 3 of 3 denied", "1 pending")
            assert len(set(on.world.approvals) & ids) == 1

    play(scene)


def test_what_an_incident_says_is_not_said_again_as_a_bare_fact() -> None:
    async def scene() -> None:
        async with stage() as on:
            for number in range(20):
                on.world.enqueue_event(MAIN, f"event {number}")
            on.app.action_ask()
            await on.until_text("system-event queue at its cap")
            await on.until(lambda: "system events at the cap" not in on.lines()[1] + on.lines()[2])
            assert on.app.standing is not None
            assert on.app.standing.facts == []

    play(scene)


def test_a_fact_that_no_incident_says_stays_in_the_header() -> None:
    async def scene() -> None:
        async with stage(kinds=()) as on:
            for _ in range(4):
                on.world.request_approval("ps aux", ASKS)
            await on.until_text("the same approval 4 times  agent:main:asks", "INCIDENTS  none")

    play(scene)


def test_the_detail_of_a_lock_names_the_incidents_of_its_session() -> None:
    async def scene() -> None:
        plot = Plot()
        async with stage(size=(100, 50), kinds=plot.kinds) as on:
            on.world.start_run(MAIN, "rpc", run_id="run-1")
            plot.find(0, MAIN, "critical")
            plot.find(1, DM)
            plot.tell(on)
            await on.until_text("1 held", "0 INCIDENTS  1 critical")
            await on.press("2", "enter")
            await on.until_text("INCIDENTS (0 for", "CRITICAL made up 0 (I-90)", "summary of 0")
            await on.until(lambda: "made up 1" not in on.text())

    play(scene)
