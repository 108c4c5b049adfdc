"""What ends an action beside the gateway's answers: its log line is true then, too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from clawtop.demo import ScriptedGateway
from clawtop.gateway.act import Release
from clawtop.gateway.actionlog import ActionLog, read_log
from clawtop.gateway.watch import Watcher
from tests.gateway.test_act import MAIN, play
from tests.gateway.test_release_inside import plan, seen, sent


def test_a_probe_that_may_not_be_sent_takes_nothing_back(tmp_path: Path) -> None:
    """The scope for messages is lost right after the release."""

    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await seen(watcher)
        planned = plan(watcher, "companion-release", probe=True)

        def take_away() -> None:
            gateway.door = replace(gateway.door, scopes_granted=("operator.read",))

        gateway.faults.meanwhile["clawtop.release"] = take_away
        log = ActionLog(tmp_path / "log", {})
        action = await Release(watcher, planned, operator="t", log=log, wait_s=6).run()
        assert (action.outcome, action.released, action.exit_code) == ("done", True, 0)
        assert "the probe message was not sent" in action.reason
        assert sent(gateway, "chat.send") == 0

    play(scene, "april", companion=True)


@pytest.mark.parametrize(("requested", "word"), [(False, "refused"), (True, "unknown")])
def test_what_nobody_foresaw_is_in_the_log_as_what_it_is(
    requested: bool, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(gateway: ScriptedGateway, watcher: Watcher) -> None:
        gateway.world.leak(MAIN)
        await seen(watcher)
        log = ActionLog(tmp_path / "log", {})
        runner = Release(watcher, plan(watcher, "companion-release"), operator="t", log=log)

        async def fails() -> None:
            runner.action.requested = requested
            raise ValueError("a bug")

        monkeypatch.setattr(runner, "_perform", fails)
        with pytest.raises(ValueError, match="a bug"):
            await runner.run()
        (line,) = read_log(log.path)
        assert (line["phase"], line["outcome"]) == ("end", word)

    play(scene, "april", companion=True)
