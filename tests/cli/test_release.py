"""``release`` with the steps below the aborts: the words each one wants, and what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clawtop.demo import World
from clawtop.demo.model import Generation
from clawtop.gateway.methods import READ_METHODS
from tests.cli.shell import Served, serving

MAIN = "agent:main:main"
OTHER = "agent:main:other"


def world_of(generation: Generation, *, allow_release: bool = True) -> World:
    """One leaked lock that was looked at for long, with two messages behind it."""
    world = World(generation, companion=True, allow_release=allow_release)
    with world.past(180_000):
        world.leak(MAIN)
        world.waits(MAIN, "where are you? token=abcd1234efgh", "rpc")
        world.waits(MAIN, "hello?", "channel")
    return world


@pytest.fixture
def april(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, world=world_of("april")) as served:
        yield served


@pytest.fixture
def september(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path, world=world_of("september")) as served:
        yield served


def changing(served: Served) -> list[str]:
    return [one for one in served.sent() if one not in READ_METHODS | {"connect"}]


def name_of(served: Served) -> str:
    return served.gateway.url.split("//")[1].strip("/")


# -- the companion's release


def test_the_first_step_is_the_companion_s_and_it_is_proved(april: Served) -> None:
    ran = april.run("release", MAIN, "--yes", "--json")
    assert ran.code == 0, ran.err + ran.out
    action = ran.json
    assert (action["step"], action["outcome"]) == ("companion-release", "done")
    assert (action["released"], action["queue_moving"]) == (True, True)
    assert "registry" in action["reason"]
    assert [one["became"] for one in action["waiting"]] == ["answered", "answered"]
    assert changing(april) == ["clawtop.release"]


def test_a_dry_run_foretells_each_message_and_sends_nothing(september: Served) -> None:
    ran = september.run("release", MAIN, "--step", "abort-session", "--dry-run")
    assert ran.code == 0, ran.err
    assert "loses   1 waiting message (cancelled by the gateway)" in ran.out
    assert 'waits   "where are you? token=***"' in ran.out
    assert "cancelled, never answered" in ran.out
    assert "answered after the release" in ran.out
    assert "abcd1234efgh" not in ran.out
    assert changing(september) == []


def test_a_switch_that_is_off_is_refused_with_how_to_turn_it_on(tmp_path: Path) -> None:
    with serving(tmp_path, world=world_of("april", allow_release=False)) as served:
        ran = served.run("release", MAIN, "--step", "companion-release", "--yes")
        assert ran.code == 1
        assert "clawtop companion install --allow-release" in ran.sentence()
        assert changing(served) == []


def test_without_a_companion_the_step_names_how_to_get_one(tmp_path: Path) -> None:
    world = World("april")
    world.start_run(MAIN, "channel")
    with serving(tmp_path, world=world) as served:
        ran = served.run("release", MAIN, "--step", "companion-release", "--yes")
        assert ran.code == 1
        assert "clawtop companion install" in ran.sentence()


# -- the words that are wanted


def test_a_reset_wants_the_loss_to_be_accepted(september: Served) -> None:
    ran = september.run("release", MAIN, "--step", "reset", "--yes")
    assert ran.code == 1
    assert "--accept-loss" in ran.sentence()
    plan = september.run("release", MAIN, "--step", "reset", "--dry-run", "--json").json
    assert plan["loses"][1] == "the session's context: it begins anew"
    assert '"expectedSessionId"' in plan["plan"][0]
    assert changing(september) == []


def test_a_reset_is_not_offered_where_it_is_known_to_fail(april: Served) -> None:
    ran = april.run("release", MAIN, "--step", "reset", "--yes", "--accept-loss")
    assert ran.code == 1
    assert "having emptied the session's queues" in ran.sentence()
    assert changing(april) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "--confirm-gateway"),
        (("--yes",), "--confirm-gateway"),
        (("--yes", "--accept-loss"), "--confirm-gateway"),
        (("--confirm-gateway", "another"), "not another"),
    ],
    ids=["nothing", "yes", "yes and loss", "another name"],
)
def test_a_restart_wants_the_gateway_s_name(
    april: Served, words: tuple[str, ...], told: str
) -> None:
    ran = april.run("release", MAIN, "--step", "restart", *words)
    assert ran.code == 1, ran.out
    assert told in ran.sentence()
    assert changing(april) == []


def test_a_restart_shows_what_it_interrupts(april: Served) -> None:
    april.do(lambda gateway: gateway.world.start_run(OTHER, "rpc"))
    ran = april.run("release", MAIN, "--step", "restart", "--dry-run")
    assert ran.code == 0, ran.err
    assert f"loses   the run of {OTHER}" in ran.out
    assert "counted by the gateway: " in ran.out
    assert "approvals" in ran.out


def test_the_name_lets_it_go_on(april: Served) -> None:
    words = ("--step", "restart", "--confirm-gateway", name_of(april), "--wait", "2")
    ran = april.run("release", MAIN, *words, "--json")
    assert changing(april) == ["gateway.restart.request"]
    assert ran.json["requested"] is True


@pytest.mark.parametrize("word", [("--now",), ("--confirm-gateway", "x")])
def test_words_for_a_restart_are_wrong_usage_elsewhere(
    april: Served, word: tuple[str, ...]
) -> None:
    ran = april.run("release", MAIN, *word, "--yes")
    assert ran.code == 2
    assert "--step restart" in ran.sentence()


def test_where_nothing_but_a_restart_helps_it_says_exactly_that(tmp_path: Path) -> None:
    world = World("september", companion=True)
    with world.past(40_000):
        world.hold_delivery(MAIN).since -= 5_000  # it took a moment to answer
    with serving(tmp_path, world=world) as served:
        ran = served.run("release", MAIN, "--yes")
        assert ran.code == 1, ran.out
        assert "nothing but a restart of the gateway helps" in ran.sentence()
        assert "never delivered" in ran.sentence()
        assert "--step restart --dry-run" in ran.sentence()
        assert changing(served) == []


# -- a lock that no session can be named for


@pytest.mark.parametrize("words", [("--yes",), ("--dry-run",)], ids=" ".join)
def test_a_lock_without_a_name_may_be_its_and_is_no_success(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    world = World("april")
    world.leak(MAIN)
    with serving(tmp_path, world=world) as served:
        ran = served.run("release", MAIN, *words, "--json")
        assert ran.code == 1
        assert ran.json["outcome"] == "refused"
        assert ran.json["step"] is None
        assert "1 lock on this gateway cannot be named" in ran.json["reason"]
        assert changing(served) == []


def test_a_session_that_is_free_is_nothing_to_do(tmp_path: Path) -> None:
    world = World("september")
    world.start_run(MAIN, "rpc", run_id="run-1")
    world.end_run(MAIN)
    with serving(tmp_path, world=world) as served:
        ran = served.run("release", MAIN, "--yes")
        assert ran.code == 0
        assert "nothing was sent" in ran.out
        assert "accepted" not in ran.out
        action = served.run("release", MAIN, "--yes", "--json").json
        assert (action["outcome"], action["step"]) == ("nothing_to_do", None)
