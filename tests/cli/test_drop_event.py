"""``drop-event`` as a person or a script uses it: the plan, the words that allow it, the codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clawtop.demo import Generation, World
from clawtop.gateway.methods import READ_METHODS
from tests.cli.shell import Served, clawtop, serving

KEY = "agent:main:chat"
SECRET = "abcd1234efgh"
LINE = f"\x1b[2Jdone --token {SECRET}"
METHOD = "clawtop.dropEvent"


@pytest.fixture(params=["april", "september"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, world=world(request.param)) as running:
        yield running


def world(generation: Generation = "september", **switches: bool) -> World:
    made = World(generation, **{"companion": True, **switches})  # type: ignore[arg-type]
    for text in (LINE, "between", LINE):
        made.enqueue_event(KEY, text)
    return made


def left(served: Served) -> list[str]:
    return served.do(lambda gateway: gateway.world.system_events.get(KEY, []))


def token(served: Served, position: int) -> str:
    return served.do(lambda gateway: gateway.world.queues[KEY][position].token)


def drop(*more: str, position: str = "2") -> tuple[str, ...]:
    return ("drop-event", KEY, "--position", position, *more)


def test_the_copy_goes_and_the_document_says_so(served: Served) -> None:
    meant, kept = token(served, 2), token(served, 0)
    ran = served.run(*drop("--yes", "--json", "--reason", "twice", "--expect-token", meant))
    assert ran.code == 0, ran.err + ran.out
    action = ran.json
    assert (action["schema"], action["action"]) == ("clawtop.action/1", "drop-event")
    assert (action["outcome"], action["requested"], action["accepted"]) == ("done", True, True)
    assert action["target"] == {
        "session_key": KEY,
        "ids": [meant],
        "kept": [kept],
        "position": 2,
        "text": "\x1b[2Jdone --token ***",
    }
    assert (action["released"], action["reason_given"]) == (None, "twice")
    assert left(served) == [LINE, "between"]
    (logged,) = clawtop("actions", "--json").json["actions"]
    assert (logged["action"], logged["outcome"]) == ("drop-event", "done")
    assert SECRET not in ran.out + clawtop("actions").out


def test_a_dry_run_shows_what_would_go_and_what_stays(served: Served) -> None:
    ran = served.run(*drop("--dry-run"))
    assert ran.code == 0, ran.err
    assert f"sends   {METHOD}" in ran.out
    assert "of 2 copies of " in ran.out
    assert "done --token ***" in ran.out
    assert "the one at position 0 stays" in ran.out
    assert SECRET not in ran.out
    assert "\x1b" not in ran.out
    assert len(left(served)) == 3


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (drop(), 1, "Add --yes"),
        (drop("--yes", "--read-only"), 1, "read-only"),
        (drop("--yes", position="1"), 1, "would be lost"),
        (drop("--yes", position="7"), 1, "it holds 3 lines"),
        (drop("--yes", "--expect-token", "another"), 1, "another line"),
        (drop("--yes", position="-1"), 2, "position"),
        (drop("--yes", position="x"), 2, "not a position"),
        (("drop-event", KEY, "--yes"), 2, "needs --position"),
        (("drop-event", "agent:main:none", "--position", "0", "--yes"), 1, "none is queued"),
    ],
    ids=str,
)
def test_nothing_is_sent(served: Served, args: tuple[str, ...], code: int, said: str) -> None:
    ran = served.run(*args)
    assert ran.code == code, ran.err + ran.out
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert set(served.sent()) <= READ_METHODS | {"connect"}
    assert len(left(served)) == 3


def test_without_a_companion_it_says_how_to_install_it(tmp_path: Path) -> None:
    with serving(tmp_path, world=world(companion=False)) as served:
        ran = served.run(*drop("--yes"))
    assert ran.code == 1
    assert "clawtop companion install" in ran.sentence()


def test_with_the_switch_off_it_says_how_to_turn_it_on(tmp_path: Path) -> None:
    with serving(tmp_path, world=world(allow_release=False)) as served:
        ran = served.run(*drop("--yes"))
        assert len(left(served)) == 3
        assert METHOD not in served.sent()
    assert ran.code == 1
    assert "plugins.entries.clawtop-companion.config.allowRelease" in ran.sentence()
