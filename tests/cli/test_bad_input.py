"""Bad input gets one clear sentence with the next step, and the right exit code."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.shell import clawtop, serving

SECRET = "hunter2-not-the-right-one"


@pytest.fixture
def web_port() -> Iterator[int]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(10)


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ((), 2, "needs a terminal"),
        (("snapshot", "--token", "x"), 2, "visible to every user"),
        (("snapshot", "--token=x"), 2, "visible to every user"),
        (("snapshot", "--observe", "3x"), 2, "Write it like 90s, 10m or 2h"),
        (("snapshot", "--stale-after", "-5"), 2, "is not a duration"),
        (("snapshot", "--timeout", "0"), 2, "too short"),
        (("snapshot", "--url", "http://[bad"), 2, "not an address"),
        (("snapshot", "--url", "ws://me:pw@host"), 2, "holds a secret"),
        (("snapshot", "--url", "x", "--gateway", "y"), 2, "Give one of them"),
        (("snapshot", "--gateway", "nope"), 2, "no gateway 'nope'"),
        (("snapshot", "--config", "/nowhere/openclaw.json"), 3, "there is no config file"),
        (("snapshot", "--token-file", "/nowhere/token"), 3, "cannot read the secret file"),
        (("nonsense",), 2, "invalid choice"),
        (("release",), 2, "SESSION_KEY"),
        (("release", "k", "--step"), 2, "expected one argument"),
        (("deny",), 2, "deny wants ids, or --duplicates"),
        (("deny", "--duplicates"), 2, "needs --keep"),
        (("deny", "x", "--keep", "oldest"), 2, "--keep goes with --duplicates"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_one_sentence_and_the_exit_code(
    home: Path, args: tuple[str, ...], code: int, words: str
) -> None:
    ran = clawtop(*args, env={"HOME": str(home)})
    assert ran.code == code
    assert words in ran.sentence()


def test_no_gateway(home: Path, closed_port: int) -> None:
    ran = clawtop("snapshot", "--url", f"127.0.0.1:{closed_port}", env={"HOME": str(home)})
    assert ran.code == 3
    assert "nothing listens" in ran.sentence()
    assert "Start the gateway" in ran.err


def test_a_port_that_speaks_http(home: Path, web_port: int) -> None:
    ran = clawtop("snapshot", "--url", f"127.0.0.1:{web_port}", env={"HOME": str(home)})
    assert ran.code == 3
    assert "is not an OpenClaw gateway" in ran.sentence()


def test_a_half_written_config(home: Path) -> None:
    config = home / ".openclaw" / "openclaw.json"
    config.write_text('{gateway: {port: 1, auth: {token: "' + SECRET)
    ran = clawtop("snapshot", env={"HOME": str(home)})
    assert ran.code == 3
    assert "is not complete JSON5" in ran.sentence()
    assert SECRET not in ran.err + ran.out


def test_a_wrong_token_is_never_repeated(home: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text(SECRET)
    with serving(tmp_path) as served:
        ran = clawtop("snapshot", "--url", served.gateway.url, "--token-file", str(wrong))
        assert ran.code == 3
        assert "refused the secret" in ran.sentence()
        assert SECRET not in ran.err + ran.out
        assert served.sent() == ["connect"]


def test_a_config_of_the_gateway_is_enough(home: Path, tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        config = home / ".openclaw" / "openclaw.json"
        config.write_text(
            f"// made by hand\n{{gateway: {{port: {served.gateway.port},"
            f" auth: {{token: '{served.gateway.token}',}},}},}}"
        )
        ran = clawtop("snapshot", "--json", env={"HOME": str(home)})
        assert ran.code == 0, ran.err
        assert json.loads(ran.out)["gateway"]["url"] == served.gateway.url.rstrip("/")


def test_json_failures_are_json_too(home: Path, closed_port: int) -> None:
    url = f"127.0.0.1:{closed_port}"
    ran = clawtop("snapshot", "--json", "--url", url, env={"HOME": str(home)})
    body = ran.json
    assert body["schema"] == "clawtop.error/1"
    assert body["code"] == "refused"
    assert body["next"]
    ran.sentence()


def test_every_command_has_help_with_an_example() -> None:
    for command in ("snapshot", "release", "deny", "actions", "doctor"):
        ran = clawtop(command, "--help")
        assert ran.code == 0
        assert f"example: clawtop {command}" in ran.out.replace("\n", " ")
