"""Completion in real shells on the embedded gateway: whole names, and nothing is executed."""

from __future__ import annotations

import argparse
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clawtop.cli.bash_line import BashLine
from clawtop.cli.complete import complete
from clawtop.cli.options import build_parser
from clawtop.demo.scenarios import SCENARIOS
from clawtop.gateway.methods import READ_METHODS
from clawtop.remedies.steps import Step
from tests.cli.shell import Ran, Served, clawtop, serving
from tests.cli.typing_shell import TypingShell, need, surroundings

BREAKS = "\"'@><=;|&(:"
DM = "agent:main:telegram:dm:42"
HOSTILE = {  # what is typed of a session key, and the key
    "agent:main:tele": DM,
    "agent:main:semi": "agent:main:semi; touch pwned",
    r"agent:main:\$": "agent:main:$(touch pwned)",
    r"agent:main:\`": "agent:main:`touch pwned`",
    "agent:main:quo": 'agent:main:quo\'te "d" \\ back',
    r"agent:main:\!": "agent:main:!room:matrix.org",
    "agent:main:glob": "agent:main:glob*?[a]{b,c}",
    r"\#": "#hash",
    r"\=": "=ls",
}
LEFT_OUT = (
    "agent:main:line\nbreak",
    "agent:main:esc\x1b[2J",
    "agent:main:\u202ebidi",
    "--yes",
    "~root",
)
QUOTED = ("'agent:main:semi", '"agent:main:semi')


@pytest.fixture
def september(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as running:
        for key in (*HOSTILE.values(), *LEFT_OUT):
            running.do(lambda gateway, key=key: gateway.world.start_run(key, "rpc"))  # type: ignore[misc]
        yield running


def env_of(served: Served) -> dict[str, str]:
    return {"CLAWTOP_URL": served.gateway.url, "OPENCLAW_GATEWAY_TOKEN": served.gateway.token}


def ask(served: Served, *words: str) -> Ran:
    """What a script is told for these words, the last of them unfinished."""
    ran = clawtop("complete", "zsh", "clawtop", *words, env=env_of(served))
    assert ran.err == ""
    return ran


def values(ran: Ran) -> list[str]:
    return [line.split("\t")[0] for line in ran.out.splitlines() if line]


# -- without a gateway


def commands() -> dict[str, argparse.ArgumentParser]:
    (action,) = (one for one in build_parser()._actions if one.dest == "command")
    assert isinstance(action, argparse._SubParsersAction)
    return dict(action.choices)


def test_commands_are_offered_and_what_completes_them_is_not() -> None:
    assert list(complete(["clawtop", ""]) or ()) == list(commands())
    assert list(complete(["clawtop", "rel"]) or ()) == ["release"]


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_option_in_the_help_is_offered_and_no_secret_one(command: str) -> None:
    found = complete(["clawtop", command, "--"]) or {}
    usage = commands()[command].format_usage()
    assert set(found) - {"--help", "--output"} == set(re.findall(r"\[(--[\w-]+)", usage))


@pytest.mark.parametrize("command", sorted(commands()))
def test_a_parser_made_for_one_line_has_all_options_of_its_command(command: str) -> None:
    (action,) = (one for one in build_parser([command])._actions if one.dest == "command")
    assert isinstance(action, argparse._SubParsersAction)
    assert list(action.choices) == list(commands())
    assert action.choices[command].format_help() == commands()[command].format_help()


FIXED = {
    "release x --step ": [str(step) for step in Step],
    "release x --step=abort": ["--step=abort-run", "--step=abort-session"],
    "demo ": list(SCENARIOS),
    "heartbeats ": ["status", "pause", "resume"],
    "completion ": ["bash", "zsh", "fish"],
    "--approvals o": ["on", "off"],
    "check --require locks,app": ["locks,approvals"],
    "check --ignore I-05": ["I-05"],
    "check --critical oldest": ["oldest_lock="],
    "--read-only --stale-after 5m act": ["actions"],
    "release x --confirm-gateway ": [],
    "release x --wait ": [],
    "snapshot extra": [],
    "snapshot -- --": [],
    "nosuch --": [],
}


@pytest.mark.parametrize("typed", FIXED)
def test_fixed_choices_come_from_where_they_are_kept(typed: str) -> None:
    assert list(complete(["clawtop", *typed.split(" ")]) or {}) == FIXED[typed]


@pytest.mark.parametrize("typed", ["replay ", "--token-file ", "--config=", "report -o "])
def test_a_file_is_the_shells_own_business(typed: str) -> None:
    assert complete(["clawtop", *typed.split(" ")]) is None


def test_gateways_of_the_own_config(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "clawtop"
    folder.mkdir(parents=True)
    entry = 'url = "ws://127.0.0.1:1"\n'
    (folder / "config.toml").write_text(
        f'[gateways.edge-1]\n{entry}[gateways."b\\nad"]\n{entry}[gateways."two words"]\n{entry}'
    )
    assert list(complete(["clawtop", "--gateway", ""]) or ()) == ["edge-1", "two words"]


LINES = [
    ("clawtop release agent:main:tel", DM, "telegram:dm:42"),
    ("clawtop deny --session=agent:main:tel", f"--session={DM}", "telegram:dm:42"),
    (r"clawtop release agent\:main:tel", DM, "telegram:dm:42"),
    ("clawtop release 'agent:main:a", "agent:main:a b;$c", "agent:main:a b;$c"),
    ('clawtop release "agent:main:a', "agent:main:a b;", "agent:main:a b;"),
    ('clawtop release "agent:main:a', "agent:main:a$b", None),
    ("clawtop release 'agent:main:a", "agent:main:a'b", None),
    ("clawtop release 'agent:main':a", "agent:main:ab", None),
    ("clawtop release ", "a b", r"a\ b"),
]


@pytest.mark.parametrize(("line", "value", "reply"), LINES)
def test_bash_is_told_what_follows_its_last_word_break(
    line: str, value: str, reply: str | None
) -> None:
    typed = BashLine(line, BREAKS)
    assert typed.reply(value) == reply
    assert value.startswith(typed.words[-1])
    assert typed.words[:2] == ["clawtop", typed.words[1]]
    assert len(typed.words) == 3


def test_a_shell_whose_colon_is_no_word_break_gets_the_whole_name() -> None:
    assert BashLine("clawtop release agent:main:tel", "\"'=").reply(DM) == DM


# -- from a live gateway


def test_live_values_are_read_and_nothing_else_is_asked(served: Served) -> None:
    def fill(gateway: object) -> tuple[str, str]:
        world = gateway.world  # type: ignore[attr-defined]
        world.start_run(DM, "rpc")
        return world.request_approval("ls", DM), world.add_task({"title": "index"})["taskId"]

    approval, task = served.do(fill)
    assert values(ask(served, "release", "agent:main:t")) == [DM]
    assert values(ask(served, "deny", "--session=agent")) == [f"--session={DM}"]
    assert task in values(ask(served, "cancel-task", ""))
    april = served.gateway.generation == "april"
    assert values(ask(served, "deny", "")) == ([] if april else [approval])
    assert values(ask(served, "--read-only", "deny", "")) == []
    scopes = [one.params["scopes"] for one in served.gateway.requests if one.method == "connect"]
    assert not april or {tuple(one) for one in scopes} == {("operator.read",)}
    assert values(ask(served, "--approvals", "on", "deny", "--keep", "")) == [
        *("oldest", "newest", "none"),
        approval,
    ]
    assert set(served.sent()) <= READ_METHODS | {"connect"}


def test_incident_keys_are_those_of_the_report(september: Served) -> None:
    september.do(
        lambda gateway: [gateway.world.request_approval("ps", "agent:main:asks") for _ in range(4)]
    )
    keys = [one["key"] for one in september.run("snapshot", "--json").json["incidents"]]
    assert keys
    assert set(values(ask(september, "report", "--incident", ""))) == set(keys)


def test_the_gateway_typed_is_the_one_that_is_asked(september: Served) -> None:
    september.token_file.write_text(september.gateway.token)
    where = ("--url", september.gateway.url, "--token-file", str(september.token_file))
    ran = clawtop("complete", "fish", "clawtop", *where, "logs", "agent:main:tele")
    assert values(ran) == [DM]


def test_whatever_goes_wrong_it_is_silent(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"ws://127.0.0.1:{mute.getsockname()[1]}"
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        lines: list[tuple[str, ...]] = [
            ("--url", url, "release", ""),
            ("--url", "ws://127.0.0.1:1", "release", ""),
            ("--url", "ftp://nowhere", "release", ""),
            ("--url", url, "--token-file", str(pipe), "release", ""),
            ("--gateway", "nosuch", "release", ""),
            ("--token", "x", "release", ""),
        ]
        for line in lines:
            ran = clawtop("complete", "zsh", "clawtop", *line)
            assert (ran.code, ran.out.strip(), ran.err) == (0, "", ""), line
    for words in ((), ("bash",), ("zsh",), ("nosuch", "x")):
        ran = clawtop("complete", *words)
        assert (ran.code, ran.err) == (0, "")


# -- in the shells themselves


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_name_arrives_whole_and_nothing_is_executed(
    shell: str, september: Served, tmp_path: Path
) -> None:
    need(shell)
    typing = TypingShell(shell, tmp_path, env_of(september))
    try:
        for typed, key in HOSTILE.items():
            assert typing.given(f"clawtop release {typed}") == ["release", key]
        for typed in QUOTED:
            assert typing.given(f"clawtop release {typed}") == ["release", HOSTILE[QUOTED[0][1:]]]
        option = typing.given("clawtop deny --session=agent:main:tele")
        assert option == ["deny", f"--session={DM}"]
        assert typing.given("true; A=1 clawtop release x --step abort-r")[-1] == "abort-run"
        assert typing.given("clawtop check --critical oldest")[-1] == "oldest_lock="
        assert typing.given("clawtop release agent:main:line")[-1] == "agent:main:line"
        assert typing.given("clawtop replay toke") == ["replay", "token"]
    finally:
        typing.close()
    assert not list(tmp_path.rglob("pwned"))


def test_the_same_in_fish(september: Served, tmp_path: Path) -> None:
    need("fish")
    env = surroundings(tmp_path, env_of(september))

    def fish(code: str) -> list[str]:
        done = subprocess.run(
            ["fish", "--no-config", "-c", f"clawtop completion fish | source; {code}"],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        assert done.stderr == ""
        return [line.split("\t")[0] for line in done.stdout.splitlines()]

    def offered(typed: str) -> list[str]:
        return fish(f"complete --escape -C {typed!r}")

    escaped = offered("clawtop release ")
    arrived = []
    for one in escaped:
        fish(f"clawtop release {one}")
        arrived.append((tmp_path / "ran").read_text().split("\0")[1])
    assert sorted(arrived) == sorted(HOSTILE.values())
    assert offered("clawtop deny --session=agent:main:tele") == [f"--session={DM}"]
    assert offered("clawtop rel") == ["release"]
    assert offered("clawtop replay toke") == ["token"]
    assert not list(tmp_path.rglob("pwned"))
