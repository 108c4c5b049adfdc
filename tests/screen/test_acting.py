"""From a key to a confirmed plan to what the gateway shows: release and deny on the screen."""

from __future__ import annotations

import pytest
from textual import events

from clawtop.gateway.actionlog import log_path, read_log
from clawtop.gateway.methods import READ_METHODS
from clawtop.screen.dialogs import Confirm
from tests.screen.stage import Stage, play, stage

MAIN = "agent:main:main"
ASKS = "agent:main:asks"


def changing(on: Stage) -> list[str]:
    """Methods the gateway was sent that are not reading."""
    reading = READ_METHODS | {"connect"}
    return [seen.method for seen in on.gateway.requests if seen.method not in reading]


def logged() -> list[dict[str, object]]:
    import os

    return read_log(log_path(os.environ))


@pytest.mark.parametrize("generation", ["april", "september"])
def test_x_then_y_releases_a_run_and_the_gateway_confirms(generation: str) -> None:
    async def scene() -> None:
        async with stage(generation=generation) as on:
            on.world.start_run(MAIN, "rpc", run_id="run-1")
            on.world.start_run("agent:main:healthy", "rpc", run_id="run-2")
            await on.until_text("2 held", MAIN)
            on.select(2, MAIN)
            await on.press("X")
            await on.until_text("abort-run", "session  " + MAIN, "[ Cancel ]")
            await on.confirm_with("y")
            await on.until_text(
                "DONE: accepted yes · released yes", f"  abort-run  {MAIN}", "1 held"
            )
            assert changing(on) == ["sessions.abort"]
            acting = [seen for seen in on.gateway.requests if seen.method == "sessions.abort"]
            assert acting[0].params == {"key": MAIN, "runId": "run-1"}
            assert "agent:main:healthy" in on.app.store.held.locks
            assert [line["outcome"] for line in logged()] == ["done"]

    play(scene)


def test_the_watching_link_never_sends_an_action() -> None:
    async def scene() -> None:
        async with stage() as on:
            on.world.start_run(MAIN, "rpc", run_id="run-1")
            await on.until_text("1 held", MAIN)
            await on.press("X")
            await on.confirm_with("y")
            await on.until_text("DONE")
            watching = {seen.conn for seen in on.gateway.requests if seen.method == "status"}
            acting = {seen.conn for seen in on.gateway.requests if seen.method == "sessions.abort"}
            assert watching
            assert acting
            assert not watching & acting
            scopes = next(s.scopes for s in on.gateway.requests if s.method == "sessions.abort")
            assert "operator.approvals" not in scopes

    play(scene)


@pytest.mark.parametrize("key", ["escape", "n", "q", "enter"])
def test_cancel_sends_nothing(key: str) -> None:
    async def scene() -> None:
        async with stage() as on:
            on.world.start_run(MAIN, "rpc")
            await on.until_text("1 held", MAIN)
            await on.press("X")
            await on.confirm_with(key)
            await on.until(lambda: on.app.screen is on.app.board, "the board")
            assert changing(on) == []

    play(scene)


def test_keys_typed_ahead_and_pasted_text_never_confirm() -> None:
    async def scene() -> None:
        async with stage() as on:
            on.world.start_run(MAIN, "rpc")
            await on.until_text("1 held", MAIN)
            await on.press("X")
            await on.until(lambda: isinstance(on.app.screen, Confirm), "a dialog")
            dialog = on.app.screen
            await on.until(lambda: getattr(dialog, "_painted_at", None) is not None, "painted")
            early = events.Key("y", "y")
            early.time = dialog._painted_at - 0.001  # type: ignore[attr-defined,operator]
            dialog.post_message(early)
            dialog.post_message(events.Paste("y"))
            await on.pilot.pause()
            assert on.app.screen is dialog
            assert changing(on) == []
            await on.confirm_with("y")
            await on.until_text("DONE")

    play(scene)


def test_losing_messages_has_to_be_typed_with_their_count() -> None:
    async def scene() -> None:
        async with stage() as on:
            on.world.leak(MAIN)
            for text in ("one", "two"):
                on.world.waits(MAIN, text, "rpc")
            await on.until_text("1 held", MAIN)
            on.app.watcher.named = frozenset({MAIN})  # type: ignore[union-attr]
            await on.until(lambda: on.app.store.held.locks[MAIN].waiting == 2, "two waiting")
            await on.press("X")
            await on.until_text("LOSES 2 waiting messages", "Type 2 and Enter")
            await on.confirm_with("y", "enter")
            assert isinstance(on.app.screen, Confirm)
            assert changing(on) == []
            await on.press("backspace", "2", "enter")
            await on.until(lambda: changing(on) == ["sessions.abort"], "the abort")

    play(scene)


def test_a_target_that_changed_is_refused() -> None:
    async def scene() -> None:
        async with stage() as on:
            on.world.start_run(MAIN, "rpc", run_id="run-1")
            await on.until_text("1 held", MAIN)
            await on.press("X")
            await on.until_text("run-1", "[ Cancel ]")
            on.world.end_run(MAIN)
            on.world.start_run(MAIN, "rpc", run_id="run-2")
            await on.confirm_with("y")
            await on.until_text("REFUSED: another run holds it now")
            assert changing(on) == []

    play(scene)


def test_n_denies_all_copies_but_one() -> None:
    async def scene() -> None:
        async with stage() as on:
            ids = [on.world.request_approval("ps aux", ASKS) for _ in range(4)]
            other = on.world.request_approval("git push", ASKS)
            await on.until_text("5 pending", "largest 4")
            await on.press("3", "N")
            await on.until_text("only this one", "all copies but this one (3)", "all 4")
            await on.confirm_with("c")
            await on.until_text("Deny 3 requests", "keep     ")
            await on.confirm_with("y")
            await on.until_text("DONE: 3 of 3 denied", "2 pending")
            left = set(on.world.approvals)
            assert other in left
            assert len(left & set(ids)) == 1
            assert {seen.method for seen in on.gateway.requests} & {
                "exec.approval.resolve",
                "approval.resolve",
            }

    play(scene)


def test_quitting_with_an_action_in_flight_asks_and_records_unknown() -> None:
    async def scene() -> None:
        async with stage() as on:
            on.world.leak(MAIN)
            await on.until_text("1 held", MAIN)
            await on.press("X")
            await on.confirm_with("y")
            await on.until_text("1 action,", "of 75 s", "accepted yes")
            await on.press("q")
            await on.until_text("It cannot be recalled")
            await on.confirm_with("n")
            assert on.app.doing.in_flight == 1
            await on.press("q")
            await on.confirm_with("y")
            await on.until(lambda: not on.app.is_running, "the end")
        assert [line["outcome"] for line in logged()] == ["unknown"]

    play(scene)


def test_quitting_without_an_action_just_quits() -> None:
    async def scene() -> None:
        async with stage() as on:
            await on.until_text("live")
            await on.press("q")
            await on.until(lambda: not on.app.is_running, "the end")
            assert on.app.return_code == 0

    play(scene)


def test_kill_ends_a_run_that_has_no_id_to_be_aborted_by() -> None:
    """A heartbeat run is named, and only its session can be told to stop."""

    async def scene() -> None:
        async with stage() as on:
            key = "agent:main:heartbeat"
            on.world.start_run(key, "heartbeat", run_id="beat-1")
            locks = on.app.store.held.locks
            await on.until(lambda: key in locks and locks[key].run_id, "the run's name")
            on.select(2, key)
            await on.press("K")
            await on.until_text("abort-session")

    play(scene)
