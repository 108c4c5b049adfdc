"""``companion``: the official command is shown, asked for, run once, and believed only half."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import clawtop as package
from clawtop.demo import Generation, World
from clawtop.errors import CallError, RefusedError
from clawtop.gateway.openclaw import Openclaw
from clawtop.gateway.plugin_install import PLUGIN_ID, companion_folder
from tests.cli.official import Official, official
from tests.cli.shell import Ran, Served, clawtop, serving

FOLDER = str(companion_folder())
NOBODY = "ws://127.0.0.1:9"
SWITCH = f"plugins.entries.{PLUGIN_ID}.config.allowRelease"
TURN_ON = ["config", "set", SWITCH, "true", "--strict-json"]


def act(here: Official, *words: str, url: str = NOBODY, **env: str) -> Ran:
    """One companion command with the stand-in; nobody listens unless an address is given."""
    where = ("--url", url, "--openclaw", str(here.program), "--wait", "0")
    return clawtop("companion", *words, *where, env=here.env(**env))


@pytest.fixture
def here(tmp_path: Path) -> Official:
    return official(tmp_path)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A gateway with a held session, that has no companion yet."""
    world = World("september")
    world.session("agent:main:telegram:dm:42")
    world.leak("agent:main:telegram:dm:42")
    with serving(tmp_path, world=world) as found:
        yield found


def test_path_is_a_folder_with_the_plugin_and_nothing_else_is_printed() -> None:
    ran = clawtop("companion", "path")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("\n")
    folder = Path(ran.out.removesuffix("\n"))
    assert json.loads((folder / "openclaw.plugin.json").read_text())["id"] == PLUGIN_ID


def test_a_package_in_an_archive_has_no_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(package, "__file__", str(tmp_path / "app.zip" / "clawtop" / "__init__.py"))
    with pytest.raises(RefusedError, match="archive"):
        companion_folder()


@pytest.mark.parametrize(
    ("generation", "install"),
    [
        ("april", ["plugins", "install", "--link", FOLDER]),
        (
            "september",
            ["plugins", "install", "--link", "--force", "--accept-capabilities", FOLDER],
        ),
    ],
)
def test_each_generation_gets_the_official_command_that_it_takes(
    here: Official, generation: str, install: list[str]
) -> None:
    ran = act(here, "install", "--yes", FAKE_GENERATION=generation)
    assert (ran.code, ran.err) == (0, "")
    assert here.changes() == [install]
    assert " ".join(install) in ran.out
    assert here.read()["plugins"]["entries"] == {PLUGIN_ID: {"enabled": True}}
    assert "its next start does" in ran.out
    assert " ".join(TURN_ON) in ran.out


def test_releasing_is_switched_on_only_when_asked_for_and_again_is_nothing_to_do(
    here: Official,
) -> None:
    assert act(here, "install", "--yes").code == 0
    assert act(here, "install", "--yes", "--allow-release").code == 0
    assert here.changes()[1:] == [TURN_ON]
    assert here.read()["plugins"]["entries"][PLUGIN_ID]["config"] == {"allowRelease": True}
    again = act(here, "install", "--yes", "--allow-release")
    assert again.code == 0
    assert "nothing to do" in again.out
    assert len(here.changes()) == 2


@pytest.mark.parametrize("words", [("install",), ("uninstall",)])
def test_without_a_yes_nothing_is_changed(here: Official, words: tuple[str, ...]) -> None:
    if words == ("uninstall",):
        act(here, "install", "--yes")
    before, done = here.config.read_bytes(), len(here.changes())
    ran = act(here, *words)
    assert ran.code == 1
    assert "--yes" in ran.sentence()
    dry = act(here, *words, "--dry-run")
    assert (dry.code, dry.err) == (0, "")
    assert "plugins" in dry.out
    assert "nothing was changed" in dry.out
    read_only = act(here, *words, "--yes", "--read-only")
    assert read_only.code == 1
    assert "read-only" in read_only.sentence()
    assert (here.config.read_bytes(), len(here.changes())) == (before, done)


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ('{gateway: {mode: "local"}, plugins: {', "not complete JSON5"),
        ({"plugins": {"deny": [PLUGIN_ID]}}, "plugins.deny"),
        ({"plugins": {"enabled": False}}, "switches all plugins off"),
        ({"plugins": {"load": {"paths": ["/gone/clawtop/companion"]}}}, "another place"),
    ],
    ids=["half-written", "denied", "all off", "other folder"],
)
def test_what_somebody_decided_or_left_half_written_stays(
    tmp_path: Path, config: Any, why: str
) -> None:
    here = official(tmp_path, config)
    before = here.config.read_bytes()
    ran = act(here, "install", "--yes")
    assert ran.code == 1
    assert why in ran.sentence()
    assert here.changes() == []
    assert here.config.read_bytes() == before


def test_a_config_that_its_gateway_calls_invalid_is_not_touched(here: Official) -> None:
    ran = act(here, "install", "--yes", FAKE_INVALID="bad \x1b[0m key")
    assert ran.code == 1
    assert "bad \\x1b[0m key" in ran.sentence()
    assert here.changes() == []


def test_a_linked_folder_that_is_gone_is_named_before_the_doctor_is_called(tmp_path: Path) -> None:
    here = official(tmp_path, {"plugins": {"load": {"paths": ["/gone/clawtop/companion"]}}})
    for words in (("install", "--yes"), ("uninstall", "--yes")):
        ran = act(here, *words, FAKE_INVALID="plugin path not found: /gone/clawtop/companion")
        assert ran.code == 1
        assert "Put the folder /gone/clawtop/companion back" in ran.sentence()
    assert here.changes() == []


def test_a_command_that_means_another_config_is_not_run(here: Official, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}")
    ran = act(here, "install", "--yes", FAKE_CONFIG=str(other))
    assert ran.code == 1
    assert str(other) in ran.sentence()
    assert here.changes() == []


def test_the_config_and_the_profile_go_to_the_official_command(
    here: Official, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}")
    ran = act(here, "install", "--dry-run", "--config", str(other), FAKE_CONFIG=str(other))
    assert ran.code == 0
    assert f"OPENCLAW_CONFIG_PATH={other} " in ran.out
    ran = act(here, "install", "--dry-run", "--profile", "night")
    assert ["--profile", "night", "config", "validate", "--json"] in here.ran()


@pytest.mark.parametrize("breaks", ["", "1"])
def test_a_failing_command_is_shown_escaped_and_what_it_did_is_said(
    here: Official, breaks: str, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("canary-secret-1\n")
    ran = act(
        *(here, "install", "--yes", "--token-file", str(token)),
        FAKE_FAIL="install",
        FAKE_BREAK=breaks,
    )
    assert ran.code == 5
    assert ("was changed all the same" if breaks else "was not changed") in ran.err
    assert "| no leave \\x1b[31m for ***" in ran.out
    assert "canary" not in ran.out + ran.err + json.dumps(here.ran())


def test_the_command_that_is_not_there_is_named_and_what_to_run_is_printed(
    tmp_path: Path,
) -> None:
    here = official(tmp_path)
    here.program.unlink()
    ran = act(here, "install", "--yes", "--allow-release")
    assert ran.code == 1
    assert "--openclaw" in ran.sentence()
    assert f"plugins install --link {FOLDER}" in ran.out
    assert " ".join(TURN_ON) in ran.out


def test_for_another_host_only_the_commands_are_printed(
    here: Official, served: Served, tmp_path: Path
) -> None:
    ran = act(here, "install", "--yes", url="wss://192.0.2.1:1", CLAWTOP_READ_ONLY="")
    assert ran.code == 1
    assert "192.0.2.1:1 is not this host" in ran.sentence()
    # A loopback address may be a tunnel: the embedded gateway says that its host is "demo".
    where = ("--token-file", str(served.token_file))
    for words in (("install", "--yes"), ("uninstall", "--yes")):
        ran = act(here, *words, *where, url=served.gateway.url)
        assert ran.code == 1
        assert "says it runs on 'demo'" in ran.sentence()
        assert "where the gateway runs:" in ran.out
    assert here.ran() == []


def test_what_a_restart_would_interrupt_is_asked_of_the_live_gateway(
    here: Official, served: Served
) -> None:
    where = ("--token-file", str(served.token_file), "--here")
    ran = act(here, "install", "--dry-run", *where, url=served.gateway.url)
    assert ran.code == 0
    assert "RESTARTS BY ITSELF" in ran.out
    assert "a restart now would interrupt:" in ran.out
    assert "agent:main:telegram:dm:42, held by" in ran.out
    ran = act(here, "install", "--yes", *where, url=served.gateway.url)
    assert ran.code == 0
    assert "has not loaded it yet" in ran.out


def test_what_the_gateway_does_with_a_changed_config_is_read_from_it(tmp_path: Path) -> None:
    here = official(tmp_path, {"gateway": {"reload": {"mode": "off"}}})
    ran = act(here, "install", "--dry-run")
    assert "mode off): it must be restarted" in " ".join(ran.out.split())
    assert "RESTARTS BY ITSELF" not in ran.out
    assert "is not known: nothing listens" in ran.out


@pytest.mark.parametrize("generation", ["april", "september"])
@pytest.mark.parametrize("others", [[], ["/somewhere/else"]])
@pytest.mark.parametrize("by_hand", [False, True])
def test_uninstall_leaves_the_config_as_it_was(
    tmp_path: Path, generation: str, others: list[str], by_hand: bool
) -> None:
    before: Any = {"gateway": {"port": 1}, "plugins": {"load": {"paths": [*others]}}}
    here = official(tmp_path, before)
    if by_hand:
        entry = {PLUGIN_ID: {"enabled": True}}
        linked = {"load": {"paths": [*others, FOLDER]}, "entries": entry}
        here.config.write_text(json.dumps(before | {"plugins": linked}))
    else:
        assert act(here, "install", "--yes", FAKE_GENERATION=generation).code == 0
    ran = act(here, "uninstall", "--yes", FAKE_GENERATION=generation)
    assert ran.code == 0
    assert ran.err == ""
    after = here.read()
    assert after["gateway"] == before["gateway"]
    assert after["plugins"].get("load", {}).get("paths", []) == others
    assert after["plugins"]["entries"] == {}
    done = len(here.changes())
    again = act(here, "uninstall", "--yes", FAKE_GENERATION=generation)
    assert (again.code, len(here.changes())) == (0, done)
    assert "nothing to do" in again.out


def test_an_uninstall_that_fails_half_way_says_so(here: Official) -> None:
    act(here, "install", "--yes", FAKE_GENERATION="september")
    ran = act(here, "uninstall", "--yes", FAKE_GENERATION="september", FAKE_FAIL="unset")
    assert ran.code == 5
    assert "failed with exit code 1" in ran.err
    assert "no leave" in ran.out


@pytest.mark.parametrize(
    "words", [("status", "--allow-release"), ("install", "--json"), ("reinstall",), ()]
)
def test_words_that_do_not_fit_are_wrong_usage(words: tuple[str, ...]) -> None:
    ran = clawtop("companion", *words)
    assert ran.code == 2


# -- status


@pytest.mark.parametrize("generation", ["april", "september"])
@pytest.mark.parametrize("may_release", [True, False])
def test_status_of_a_loaded_companion(
    here: Official, tmp_path: Path, generation: Generation, may_release: bool
) -> None:
    world = World(generation, companion=True, allow_release=may_release)
    with serving(tmp_path, generation, world=world) as served:
        where = ("--url", served.gateway.url, "--token-file", str(served.token_file))
        ran = clawtop("companion", "status", "--json", *where, env=here.env())
        assert (ran.code, ran.err) == (0, "")
        found = ran.json
        assert found["schema"] == "clawtop.companion-status/1"
        assert (found["loaded"], found["answers"]) == (True, True)
        assert found["can_release"] is may_release
        assert found["config"]["installed"] is None  # the gateway says it runs elsewhere
        assert "demo" in found["config"]["why"]
        text = clawtop("companion", "status", *where, env=here.env())
        assert text.code == 0
        assert (" ".join(TURN_ON) in text.out) is not may_release


def test_status_tells_installed_but_not_loaded(here: Official, served: Served) -> None:
    where = ("--token-file", str(served.token_file), "--here")
    not_there = act(here, "status", "--json", *where, url=served.gateway.url)
    assert not_there.code == 1
    assert not_there.json["loaded"] is False
    assert not_there.json["config"]["installed"] is False
    assert "clawtop companion install" in not_there.json["next"]
    act(here, "install", "--yes")
    installed = act(here, "status", "--json", *where, url=served.gateway.url)
    assert installed.code == 1
    assert installed.json["config"]["installed"] is True
    assert installed.json["config"]["folders"] == [FOLDER]
    assert "restart the gateway" in installed.json["next"]


def test_status_without_a_gateway(here: Official) -> None:
    ran = act(here, "status")
    assert ran.code == 3
    assert "nothing listens" in ran.sentence()
    assert f"{here.config}: not installed" in ran.out
    assert act(here, "status", "--json").json["schema"] == "clawtop.error/1"


# -- the official command itself


def test_a_command_that_takes_too_long_is_ended_with_what_it_started(tmp_path: Path) -> None:
    program, told = tmp_path / "slow", tmp_path / "child"
    program.write_text(
        f"#!/bin/sh\nsleep 300 &\necho $! > {told}.part; mv {told}.part {told}\nwait\n"
    )
    program.chmod(0o755)
    slow = Openclaw("slow", env=dict(os.environ), place=str(program))
    with pytest.raises(CallError, match="took longer") as caught:
        slow.run("plugins", "install", timeout_s=2)
    assert caught.value.exit_code == 4
    child = int(told.read_text())
    end = time.monotonic() + 10
    while alive(child):
        assert time.monotonic() < end
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether that process still runs; one that ended and was not yet waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
