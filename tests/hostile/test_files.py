"""Files that are broken, full, locked or something else: one sentence, and the work goes on."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clawtop.demo import World
from tests.cli.shell import Served, serving
from tests.hostile.inside import Shell
from tests.hostile.places import filled

Run = Callable[..., str]


def _folder(path: Path) -> None:
    path.mkdir(parents=True)


def _loop(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(path)


def _pipe(path: Path) -> None:
    """Nobody writes into it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path, 0o600)


def _huge(path: Path) -> None:
    """A hundred gigabytes of holes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(100_000_000_000)


def _holding(data: bytes) -> Callable[[Path], None]:
    def put(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    return put


def _file_for_folder(path: Path) -> None:
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.write_bytes(b"")


DAMAGE: dict[str, Callable[[Path], None]] = {
    "a folder": _folder,
    "a link to itself": _loop,
    "a pipe": _pipe,
    "huge": _huge,
    "a file for its folder": _file_for_folder,
    "nothing in it": _holding(b""),
    "not UTF-8": _holding(b"\xff\xfe\x00\x01" * 50),
    "half of it": _holding(b'{"schema":"clawtop.log/1","id":"a","at_ms":17'),
    "wrong types": _holding(b'{"schema":1,"id":[],"at_ms":"x","target":7,"pause":[1]}\n'),
    "numbers too large": _holding(
        b'{"id":"a","at_ms":1' + b"0" * 30 + b',"target":[],"outcome":{},"gateway":null}\n'
    ),
    "deep": _holding(b"[" * 100_000),
    "NUL": _holding(b"\0" * 5_000),
    "terminal codes": _holding(b'{"id":"a","at_ms":1,"reason":"\\u001b[2J"}\n\x1b[2J\n'),
}
LOOKS: dict[str, tuple[str, ...]] = {
    "actions": ("actions",),
    "actions json": ("actions", "--json"),
    "heartbeats": ("heartbeats", "status"),
    "check": ("check",),
    "snapshot": ("snapshot",),
    "report": ("report",),
    "doctor": ("doctor",),
    "deny": ("deny", "--duplicates", "--keep", "oldest", "--yes"),
}
CODES = {0, 1, 2, 3}


def state_files(tmp_path: Path, served: Served) -> list[Path]:
    """Every file that clawtop keeps for this gateway."""
    import hashlib

    folder = tmp_path / "state" / "clawtop"
    url = served.gateway.url.rstrip("/")
    name = hashlib.sha256(url.encode()).hexdigest()[:16] + ".json"
    return [folder / "actions.jsonl", folder / "check" / name, folder / "pauses" / name]


@contextmanager
def asked(tmp_path: Path, shell: Shell, world: World | None = None) -> Iterator[tuple[Served, Run]]:
    """A gateway, and how to run a command on it: no more than one sentence, and no traceback."""
    shell.hurry()
    with serving(tmp_path, world=world or filled("ps aux")) as served:
        where = ("--url", served.gateway.url, "--token-file", str(served.token_file))

        def ask(*line: str) -> str:
            told = shell.run(*line, *(() if line[0] == "actions" else where))
            sentences = [one for one in told.splitlines() if one.startswith("clawtop: ")]
            assert len(sentences) <= 1, told
            assert "\x1b" not in told
            return told

        yield served, ask


@pytest.fixture(autouse=True)
def _waits_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clawtop.gateway.reading.PIPE_S", 0.05)


@pytest.mark.parametrize("damage", DAMAGE)
def test_broken_state_files_stop_nothing(shell: Shell, tmp_path: Path, damage: str) -> None:
    with asked(tmp_path, shell) as (served, ask):
        for path in state_files(tmp_path, served):
            if damage != "a file for its folder" or path.name == "actions.jsonl":
                DAMAGE[damage](path)
        for name, line in LOOKS.items():
            ask(*line)
            allowed = {0, 2} if name == "check" else {0, 1} if "actions" in name else {0}
            assert shell.code in allowed, f"{name}: {shell.said}"


@pytest.mark.parametrize("damage", [one for one in DAMAGE if one != "a file for its folder"])
@pytest.mark.parametrize("place", ["config.toml", "openclaw.json", "token", "tape", "log"])
def test_a_broken_file_that_is_needed_is_one_sentence(
    shell: Shell, tmp_path: Path, place: str, damage: str
) -> None:
    path = tmp_path / "config" / "clawtop" / "config.toml" if place == "config.toml" else None
    path = path or tmp_path / "broken"
    DAMAGE[damage](path)
    line = {
        "config.toml": ("snapshot", "--gateway", "x"),
        "openclaw.json": ("snapshot", "--config", str(path), "--timeout", "1"),
        "token": ("snapshot", "--url", "127.0.0.1:1", "--token-file", str(path), "--timeout", "1"),
        "tape": ("replay", str(path), "--text"),
        "log": ("logs", "--config", _pointing(tmp_path, path), "--timeout", "1"),
    }[place]
    told = shell.run(*line)
    assert shell.code in CODES
    assert len([one for one in told.splitlines() if one.startswith("clawtop: ")]) <= 1
    assert "\x1b" not in told
    assert told.count("\n") < 60


def _pointing(tmp_path: Path, log: Path) -> str:
    """A gateway's config that names a log file."""
    config = tmp_path / "gw.json"
    config.write_text(f"{{gateway: {{port: 1}}, logging: {{file: '{log}'}}}}")
    return str(config)


def test_a_full_disk_stops_no_action(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "state" / "clawtop" / "actions.jsonl"
    log.parent.mkdir(parents=True)
    log.symlink_to("/dev/full")
    with asked(tmp_path, shell) as (served, ask):
        told = ask(*LOOKS["deny"], "--json")
        assert shell.code == 0
        assert served.do(lambda gateway: len(gateway.world.approvals)) == 2, "it was done"
    assert "No space left" in told, "and it is said"


def test_no_room_for_any_file_stops_no_look(tmp_path: Path) -> None:
    with serving(tmp_path, world=filled("ps aux")) as served:
        where = f"--url {served.gateway.url} --token-file {served.token_file}"
        for line in ("check", "deny --duplicates --keep oldest --yes", "heartbeats status"):
            ran = subprocess.run(
                ["bash", "-c", f"ulimit -f 0; exec {sys.executable} -m clawtop {line} {where}"],
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert ran.returncode in (0, 2), ran.stderr
            assert "Traceback" not in ran.stderr
        assert served.do(lambda gateway: len(gateway.world.approvals)) == 2, "it was done"


def test_files_that_somebody_else_has_locked_stop_nothing(shell: Shell, tmp_path: Path) -> None:
    with asked(tmp_path, shell) as (served, ask):
        handles = []
        for path in state_files(tmp_path, served):
            path.parent.mkdir(parents=True, exist_ok=True)
            for name in (path, path.with_suffix(".lock")):
                handles.append(os.open(name, os.O_RDWR | os.O_CREAT, 0o600))
                fcntl.flock(handles[-1], fcntl.LOCK_EX)
        for name, line in LOOKS.items():
            ask(*line)
            assert shell.code in ({0, 2} if name == "check" else {0}), f"{name}: {shell.said}"
        for handle in handles:
            os.close(handle)
