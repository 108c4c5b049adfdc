"""The file that remembers a pause: whole or said to be broken, and never taken for none."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from clawtop.errors import RefusedError
from clawtop.gateway.pauses import Pauses
from clawtop.picture.pause import Act, Pause, PauseKnown

URL = "ws://127.0.0.1:18789"
PAUSE = Pause(Act.PAUSED, 1_000, "ada@desk", "edge-1", URL, 1_000, "boot-1", 500)


def pauses(folder: Path, url: str = URL) -> Pauses:
    return Pauses({"XDG_STATE_HOME": str(folder)}, url)


def test_what_is_kept_is_read_by_the_next_one_and_by_nobody_else(tmp_path: Path) -> None:
    assert pauses(tmp_path).load() == PauseKnown(None)
    assert pauses(tmp_path).keep(PAUSE) is None
    assert pauses(tmp_path).load() == PauseKnown(PAUSE)
    assert pauses(tmp_path, "ws://127.0.0.1:1").load() == PauseKnown(None)
    assert stat.S_IMODE(pauses(tmp_path).path.stat().st_mode) == 0o600
    assert pauses(tmp_path).keep(None) is None
    assert pauses(tmp_path).load() == PauseKnown(None)


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


def other(path: Path) -> None:
    path.write_text(path.read_text().replace("clawtop.pause/1", "clawtop.pause/9"))


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


BROKEN: list[tuple[Callable[[Path], object], str]] = [
    (half, "not complete"),
    (lambda path: path.write_bytes(b""), "not complete"),
    (lambda path: path.write_bytes(b"\xff\xfe"), "not complete"),
    (lambda path: path.write_bytes(b"[" * 60_000), "not complete"),
    (lambda path: path.write_bytes(b" " * 70_000), "more than"),
    (lambda path: path.write_text('{"schema":"clawtop.pause/1","pause":{"act":"other"}}'), "not"),
    (other, "another version"),
    (folder, "Is a directory"),
]


@pytest.mark.parametrize(("breaks", "why"), BROKEN, ids=[why for _, why in BROKEN])
def test_a_broken_file_is_a_sentence(
    tmp_path: Path, breaks: Callable[[Path], object], why: str
) -> None:
    pauses(tmp_path).keep(PAUSE)
    breaks(pauses(tmp_path).path)
    known = pauses(tmp_path).load()
    assert known.pause is None
    assert known.problem is not None
    assert why in known.problem
    assert "clawtop heartbeats resume" in known.problem


def test_a_state_folder_that_cannot_be_written_is_told_beforehand(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("not a folder")
    kept = pauses(place)
    assert "the reminder cannot be kept" in (kept.why_not() or "")
    assert "the reminder cannot be kept" in (kept.keep(PAUSE) or "")
    assert kept.load() == PauseKnown(None)
    with kept.alone():
        pass


def test_trying_it_out_leaves_nothing_behind(tmp_path: Path) -> None:
    kept = pauses(tmp_path)
    kept.keep(PAUSE)
    assert kept.why_not() is None
    assert [one.name for one in kept.path.parent.iterdir()] == [kept.path.name]
    assert kept.load() == PauseKnown(PAUSE)


def test_news_are_what_another_one_wrote(tmp_path: Path) -> None:
    mine, others = pauses(tmp_path), pauses(tmp_path)
    mine.load()
    assert mine.news() is None
    others.keep(PAUSE)
    assert mine.news() == PauseKnown(PAUSE)
    assert mine.news() is None
    mine.keep(None)
    assert mine.news() is None
    assert others.news() == PauseKnown(None)


def test_two_at_once_are_one_and_a_sentence(tmp_path: Path) -> None:
    with pauses(tmp_path).alone():
        with pytest.raises(RefusedError, match="another clawtop"), pauses(tmp_path).alone():
            pass
        with pauses(tmp_path, "ws://127.0.0.1:1").alone():
            pass
    with pauses(tmp_path).alone():
        pass
