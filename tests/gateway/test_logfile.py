"""Which file is a gateway's log on this host, and how much of it is read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from clawtop.errors import FindError
from clawtop.gateway import logfile
from clawtop.gateway.find import Target
from clawtop.gateway.logfile import local_log, read_tail

NOW = datetime(2026, 11, 20, 3, 12)


def target(url: str, config: Path | None = None) -> Target:
    return Target(url, "edge-1", None, "a test", "none", config_file=config)


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "openclaw"
    folder.mkdir()
    monkeypatch.setattr(logfile, "SHARED", folder)
    monkeypatch.setattr(logfile._newest, "__defaults__", (folder,))
    return folder


def place(url: str, home: Path, config: Path | None = None) -> tuple[Path, bool] | None:
    return local_log(target(url, config), {}, home, None, NOW)


@pytest.mark.parametrize("url", ["wss://edge-1:443", "wss://10.0.0.7:18789"])
def test_a_gateway_of_another_host_has_no_file_here(tmp_path: Path, url: str) -> None:
    assert place(url, tmp_path) is None


def test_the_configured_file_is_its_own(tmp_path: Path) -> None:
    config = tmp_path / "openclaw.json"
    config.write_text('{logging: {file: "/var/log/openclaw.log"}, gateway: {port: 1}}')
    assert place("ws://127.0.0.1:2", tmp_path, config) == (Path("/var/log/openclaw.log"), False)


def test_else_todays_file_which_others_may_write_to(tmp_path: Path, shared: Path) -> None:
    today, before = (shared / f"openclaw-2026-11-{day}.log" for day in (20, 19))
    before.touch()
    (shared / "other.log").touch()
    assert place("ws://127.0.0.1:18789", tmp_path) == (before, True)
    today.touch()
    assert place("ws://127.0.0.1:18789", tmp_path) == (today, True)


def test_a_broken_config_names_no_file(tmp_path: Path, shared: Path) -> None:
    config = tmp_path / "openclaw.json"
    config.write_text('{logging: {file: "/x')
    found = place("ws://127.0.0.1:18789", tmp_path, config)
    assert found == (shared / "openclaw-2026-11-20.log", True)


def test_only_the_end_is_read_and_its_first_half_line_left_out(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("".join(f"line {number:04}\n" for number in range(1000)))
    assert read_tail(file, most=25) == ["line 0998", "line 0999"]
    assert len(read_tail(file)) == 1000


def test_bytes_that_are_no_text_do_not_stop_it(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"ok\n\xff\xfe\n" + b"x" * 100_000 + b"\n")
    lines = read_tail(file)
    assert lines[:2] == ["ok", "\ufffd\ufffd"]
    assert len(lines[2]) == logfile.LONGEST


@pytest.mark.parametrize("content", [b"\0", b"text\n\0more", b"\0" * 1000])
def test_binary_data_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "log"
    file.write_bytes(content)
    with pytest.raises(FindError, match="binary"):
        read_tail(file)
