"""Every output is searched for the secrets that are known to be in what clawtop holds."""

from __future__ import annotations

import asyncio
import base64
import html
import os
import re
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from clawtop.demo import ScriptedGateway
from clawtop.errors import ClawtopError
from clawtop.gateway.clock import GatewayClock
from clawtop.gateway.find import Target
from clawtop.gateway.keyring import Keyring
from clawtop.gateway.link import Link
from clawtop.gateway.manner import Manner
from clawtop.gateway.secret import Secret
from clawtop.gateway.watch import Watcher
from clawtop.picture.store import Store
from tests.cli.shell import serving
from tests.cli.test_watch import watching
from tests.hostile.commands import every
from tests.hostile.inside import Shell
from tests.hostile.places import HELD, filled
from tests.screen.stage import client, play, stage
from tests.screen.test_terminal import terminal

TOKEN = "canary-7f3a9c51e2b84d06"  # what we sign in with: no shape gives it away
TOLD = "sk-canary-c51e2b84d06aa"  # what a command holds, in a place where secrets stand
COMMAND = f"curl -H 'Authorization: Bearer {TOLD}' https://me:{TOLD}@host --token {TOLD}"
BOTH = (TOKEN, TOLD)


def leaks(text: str) -> list[str]:
    """The words around each secret in it."""
    places = [(text.find(one), one) for one in BOTH]
    return [text[max(at - 120, 0) : at + len(one) + 20] for at, one in places if at >= 0]


@pytest.mark.parametrize("generation", ["april", "september"])
def test_no_command_and_no_file_has_a_secret(shell: Shell, tmp_path: Path, generation: str) -> None:
    shell.hurry()
    world = filled(COMMAND, generation, keys=False)
    with serving(tmp_path, world=world, token=TOKEN) as served:
        where = ("--url", served.gateway.url, "--token-file", str(served.token_file))
        said = every(shell, HELD, where, tmp_path / "night.tape")
    served.token_file.unlink()
    assert {line: found for line, text in said.items() if (found := leaks(text))} == {}
    assert "curl -H" in shell.said, "the command is shown, without its secret"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"actions.jsonl", "night.tape"} <= {path.name for path in files}
    for path in files:
        assert leaks(path.read_bytes().decode("utf-8", "replace")) == [], path


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "words"])
def test_watch_says_no_secret(tmp_path: Path, as_json: bool) -> None:
    world = filled(COMMAND, keys=False)
    with (
        serving(tmp_path, world=world, token=TOKEN) as served,
        watching(served, "--approvals", "on", as_json=as_json) as watch,
    ):
        watch.until(lambda line: "curl" in str(line))
        served.do(lambda gateway: gateway.world.request_approval(f"again {COMMAND}", HELD))
        watch.until(lambda line: "again curl" in str(line))
        assert leaks(str(watch.seen)) == []


KEYS = ("l", "escape", "w", "escape", "a", "escape", "question_mark", "escape")


def words(svg: str) -> str:
    """The picture itself, and its text without the tags between."""
    return svg + html.unescape(re.sub("<[^>]*>", "", svg)).replace("\xa0", " ")


def test_no_picture_of_the_screen_has_a_secret() -> None:
    async def scene() -> None:
        world = filled(COMMAND, keys=False)
        async with stage(ScriptedGateway(world=world, token=TOKEN), size=(120, 36)) as on:
            await on.until_text("curl -H")
            pages = [key for panel in "01234" for key in (panel, "enter", "escape")]
            for key in [*pages, "5", "escape", *KEYS]:
                await on.press(key)
                assert leaks(words(on.app.export_screenshot())) == [], key

    play(scene)


def test_no_byte_of_the_terminal_has_a_secret(tmp_path: Path) -> None:
    world = filled(COMMAND, keys=False)
    with serving(tmp_path, world=world, token=TOKEN) as served, terminal(served) as running:
        running.until(b"curl")
        for key in (b"3", b"\r", b"\x1b", b"1", b"\r", b"\x1b", b"5", b"\x1b", b"0", b"\r"):
            os.write(running.master, key)
            running.read(0.3)
        os.write(running.master, b"\x03")
        running.ended()
        assert leaks(running.seen.decode("utf-8", "replace")) == []


# -- what a debugger, a log or an error report would print


def parts(thing: object) -> Iterator[object]:
    """What an object of clawtop's holds."""
    if isinstance(thing, dict):
        yield from thing.keys()
        yield from thing.values()
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from thing
    elif isinstance(thing, msgspec.Struct):
        yield from (getattr(thing, name) for name in thing.__struct_fields__)
    else:
        yield from vars(thing).values() if hasattr(thing, "__dict__") else ()


def reach(start: object) -> Iterator[object]:
    """Every object of ours that can be reached from one."""
    seen: set[int] = set()
    waiting = [start]
    while waiting:
        thing = waiting.pop()
        ours = type(thing).__module__.startswith(("clawtop.", "builtins"))
        if id(thing) in seen or not ours or isinstance(thing, type):
            continue
        seen.add(id(thing))
        yield thing
        waiting += parts(thing)


def test_nothing_that_holds_the_secret_shows_it() -> None:
    async def scene() -> None:
        async with ScriptedGateway(token=TOKEN) as gateway:
            target = Target(gateway.url, "edge-1", Secret("token", TOKEN), "a test", "a test")
            watcher = Watcher(target, client(), Store(), Manner())
            await watcher.connect()
            things = [one for one in reach(watcher) if type(one).__module__ != "builtins"]
            assert any(isinstance(one, Secret) for one in things)
            for thing in things:
                assert leaks(f"{thing!r} {thing}") == [], type(thing)
            await watcher.close()

    asyncio.run(scene())


@pytest.mark.parametrize("fault", ["wrong", "cut", "silent", "nonsense"])
def test_no_error_of_signing_in_holds_the_secret(fault: str) -> None:
    async def failing() -> Exception:
        async with ScriptedGateway(token="another" if fault == "wrong" else TOKEN) as gateway:
            if fault == "cut":
                gateway.faults.close_before_effect = {"connect"}
            elif fault == "silent":
                gateway.faults.silent_methods = {"connect"}
            elif fault == "nonsense":
                gateway.faults.bad_challenge = True
            target = Target(gateway.url, "edge-1", Secret("token", TOKEN), "a test", "a test")
            link = Link(target, client(), (), frozenset(), clock=GatewayClock(), timeout_s=0.5)
            try:
                await link.open()
            except ClawtopError as error:
                return error
        raise AssertionError("it signed in")

    error = asyncio.run(failing())
    whole: Any = traceback.TracebackException.from_exception(error, capture_locals=True)
    told = f"{error!r} {error} {vars(error)} {''.join(whole.format())}"
    assert leaks(told) == []


def test_a_device_key_and_its_token_are_never_said(shell: Shell, tmp_path: Path) -> None:
    shell.hurry()
    ring = Keyring(os.environ)
    with serving(tmp_path, token=TOKEN) as served:
        target = Target(served.gateway.url.rstrip("/"), "edge-1", None, "a test", "a test")
        ring.keep(target, TOLD)
        kept = ring.token(target)
        assert kept is not None
        private = base64.b64encode(ring.device().private_bytes()).decode()
        assert private in ring.path.read_text(), "the test looks for what is kept"
        for line in (("doctor",), ("doctor", "--json"), ("snapshot", "--json"), ("check",)):
            shell.run(*line, "--url", served.gateway.url)
            shell.run(*line, "--url", served.gateway.url, "--token-file", str(served.token_file))
    told = f"{shell.said} {ring!r} {ring.device()!r} {kept!r}"
    assert leaks(told) == []
    assert private not in told
