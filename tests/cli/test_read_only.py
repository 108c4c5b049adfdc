"""Read-only from the shell: every command there is, with every word that would let it act."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clawtop.cli.options import NO_GATEWAY, build_parser
from clawtop.demo import World
from clawtop.demo.model import Generation
from clawtop.gateway.methods import READ_METHODS
from tests.cli.shell import Served, serving

MAIN = "agent:main:main"
ENDED = "Exec finished (node=n, id=i, code 0)"
YES = ("--yes", "--reason", "because")
RELEASE = ("release", MAIN, "--accept-loss", *YES)
ACTS: dict[str, tuple[str, ...]] = {
    "release": RELEASE,
    "release reset": (*RELEASE, "--step", "reset"),
    "release companion": (*RELEASE, "--step", "companion-release"),
    "release probe": (*RELEASE, "--step", "abort-session", "--probe", "--clear-queued"),
    "release restart": ("release", MAIN, "--step", "restart", "--confirm-gateway", "NAME", "--now"),
    "deny": ("deny", "--duplicates", "--keep", "none", *YES),
    "cancel-task": ("cancel-task", "--duplicates", "--keep", "oldest", *YES),
    "drop-event": ("drop-event", MAIN, "--position", "0", *YES),
    "heartbeats pause": ("heartbeats", "pause", "--confirm-gateway", "NAME"),
    "heartbeats resume": ("heartbeats", "resume", *YES),
}
LOOKS: dict[str, tuple[str, ...]] = {
    "snapshot": ("snapshot", "--approvals", "on"),
    "check": ("check", "--require", "approvals", "--approvals", "on"),
    "logs": ("logs", MAIN),
    "report": ("report",),
    "doctor": ("doctor",),
    "record": ("record", "TAPE", "--for", "1s"),
    "heartbeats": ("heartbeats", "status"),
    "companion": ("companion", "status"),
}
LASTING = {"watch"}  # until interrupted: the same watcher as record's


def trouble(generation: Generation) -> World:
    world = World(generation, companion=True, allow_release=True)
    with world.past(1_200_000):
        world.start_run(MAIN, "rpc")
        world.waits(MAIN, "hello?")
        for number in range(2):
            task = {"id": f"t{number}", "taskId": f"t{number}", "title": "index"}
            world.add_task(task | {"ownerKey": MAIN, "sessionKey": MAIN, "createdAt": world.now()})
        for _ in range(3):
            world.request_approval("make deploy", MAIN)
        for text in (ENDED, "node n reconnected", ENDED):
            world.enqueue_event(MAIN, text)
    return world


@pytest.fixture(scope="module", params=["september", "april"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), world=trouble(request.param)) as one:
        yield one


def seen(served: Served) -> tuple[set[str], set[tuple[str, ...]]]:
    """Methods sent and scopes asked for since the last look."""

    def take(gateway: object) -> tuple[set[str], set[tuple[str, ...]]]:
        requests = list(served.gateway.requests)
        served.gateway.requests.clear()
        asked = {tuple(one.params["scopes"]) for one in requests if one.method == "connect"}
        return {one.method for one in requests} - {"connect"}, asked

    return served.do(take)


def words_of(served: Served, words: tuple[str, ...], folder: Path) -> list[str]:
    name = served.gateway.url.split("//")[1].strip("/")
    return [{"NAME": name, "TAPE": str(folder / "tape")}.get(word, word) for word in words]


def test_every_command_that_asks_a_gateway_is_tried_here() -> None:
    (commands,) = (one.choices for one in build_parser()._actions if one.dest == "command")
    assert commands is not None
    tried = {words[0] for words in [*ACTS.values(), *LOOKS.values()]}
    assert tried | LASTING == set(commands) - set(NO_GATEWAY)


@pytest.mark.parametrize("name", ACTS)
def test_no_command_acts_when_read_only(served: Served, name: str, tmp_path: Path) -> None:
    ran = served.run(*words_of(served, ACTS[name], tmp_path), "--read-only")
    methods, scopes = seen(served)
    assert ran.code == 1, ran.out + ran.err
    refused = ran.sentence() if ran.err else ran.out
    assert any(why in refused for why in ("read-only", "is not offered for", "cannot empty"))
    assert methods <= READ_METHODS
    assert scopes <= {("operator.read",)}


@pytest.mark.parametrize("served", ["september"], indirect=True)
@pytest.mark.parametrize("name", LOOKS)
def test_looking_reads_and_no_more(served: Served, name: str, tmp_path: Path) -> None:
    env = {"CLAWTOP_READ_ONLY": "1"}
    served.run(*words_of(served, LOOKS[name], tmp_path), env=env)
    methods, scopes = seen(served)
    assert len(methods) > 3
    assert methods <= READ_METHODS
    assert scopes == {("operator.read",)}
