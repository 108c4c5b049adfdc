"""Rows that come, go and change while a person looks: selection, filter, freeze."""

from __future__ import annotations

import random

import pytest

from clawtop.screen.dashboard import LOCKS
from clawtop.screen.panels import LocksPanel
from clawtop.text import utc
from tests.screen.stage import Stage, play, stage

MINE = "agent:main:telegram:dm:42"


async def three(on: Stage) -> None:
    for name in ("one", "two"):
        on.world.start_run(f"agent:main:{name}", "rpc", run_id=name, progress=True)
    on.world.start_run(MINE, "channel", run_id="mine")
    await on.until_text("3 held", MINE)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("order", ["need", "session", "oldest"])
def test_the_selection_stays_on_its_record_while_others_come_and_go(order: str, seed: int) -> None:
    chance = random.Random(seed)

    async def scene() -> None:
        async with stage() as on:
            await three(on)
            on.select(LOCKS, MINE)
            view = on.app.board.panel(LOCKS)
            view.model.set_order(order)
            runs: list[str] = []
            for _ in range(60):
                if runs and chance.random() < 0.45:
                    on.world.end_run(runs.pop(chance.randrange(len(runs))))
                else:
                    runs.append(f"agent:main:{chance.randrange(10**6)}")
                    on.world.start_run(runs[-1], "rpc", progress=True)
                await on.pilot.pause(0.01)
                assert view.table.selected == MINE
            await on.until_text(f"{3 + len(runs)} held")
            assert any(line.startswith("> ") and MINE in line for line in on.lines())

    play(scene)


def test_a_record_that_is_gone_is_said_to_be_gone_without_a_key() -> None:
    async def scene() -> None:
        async with stage() as on:
            await three(on)
            on.select(LOCKS, MINE)
            on.world.end_run(MINE)
            await on.until_text(f"{MINE} is not held any more", "2 held")
            assert on.app.board.table().selected is None
            await on.press("down")
            await on.until(lambda: "is not held any more" not in on.text(), "another is selected")

    play(scene)


def test_a_row_that_the_filter_holds_back_is_not_said_to_be_gone() -> None:
    async def scene() -> None:
        async with stage(size=(100, 24)) as on:
            await three(on)
            on.select(LOCKS, MINE)
            await on.press("slash", *"two", "enter")
            await on.until_text("filter two", "the filter holds the selected row back")
            await on.press("escape")
            await on.until_text(MINE)
            assert on.app.board.table().selected == MINE

    play(scene)


def test_what_is_typed_right_after_the_slash_is_the_filter() -> None:
    """`s` sorts and `f` freezes, but not while a filter is typed."""

    async def scene() -> None:
        async with stage(size=(100, 24)) as on:
            await three(on)
            on.type_at_once(*"/session:two", "enter")
            await on.until_text("filter session:two (2 hidden)")
            assert on.app.frozen_ms is None
            assert on.app.board.panel(LOCKS).model.order_name == "need"

    play(scene)


def test_the_frozen_time_is_shown_and_rows_hold_still() -> None:
    async def scene() -> None:
        async with stage(size=(100, 24)) as on:
            await three(on)
            await on.press("f")
            frozen_ms = on.app.frozen_ms
            assert frozen_ms is not None
            await on.until_text(f"FROZEN at {utc(frozen_ms)}")
            before = [line for line in on.lines() if "agent:main:" in line]
            on.world.start_run("agent:main:new", "rpc", progress=True)
            on.world.end_run("agent:main:one")
            on.world.end_run("agent:main:two")
            await on.until_text("2 held")
            assert [line for line in on.lines() if "agent:main:" in line] == before
            await on.press("escape")
            await on.until_text("agent:main:new")
            assert "agent:main:one" not in on.text()

    play(scene)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("state:work", {"a"}),
        ("STATE:Stale", {"b"}),
        ("agent:main", {"a", "b"}),
        ("agent:main:telegram:dm:42", {"a"}),
        ("session:agent:main:telegram", {"a"}),
        ("holder:rpc state:stale", {"b"}),
        ("!agent:main", {"c"}),
        ("!state:stale !telegram", {"c"}),
        ("!", set()),
        ("nothing:like-it", set()),
    ],
)
def test_filter_words(typed: str, found: set[str]) -> None:
    """Terms and words, all of them; ``!`` turns one round; a session key is found as it is."""
    rows = {
        "a": ("agent:main:telegram:dm:42", "working", "channel", "main"),
        "b": ("agent:main:main", "stale", "rpc", "main"),
        "c": ("agent:other:x", "working-not", "rpc", "other"),
    }

    class Given(LocksPanel):
        def haystack(self, record: object) -> str:
            return " ".join(rows[str(record)])

        def terms(self, record: object) -> dict[str, str]:
            session, state, holder, agent = rows[str(record)]
            state = "" if "-" in state else state
            return {"session": session, "state": state, "holder": holder, "agent": agent}

        def sort_key(self, record: object) -> tuple[object, ...]:
            return (record,)

    model = Given()
    for name in rows:
        model._put(name, name)
    model.set_filter(tuple(typed.split()))
    assert {model.rows.id_at(index) for index in range(len(model.rows))} == found
