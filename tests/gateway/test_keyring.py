"""The key and the tokens on disk: whose they are, who can read them, and what breaks them."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clawtop.errors import FindError
from clawtop.gateway.find import Target
from clawtop.gateway.keyring import Keyring

TOKEN = "device-token-hunter2"


def ring(folder: Path) -> Keyring:
    return Keyring({"XDG_STATE_HOME": str(folder)})


def at(url: str = "wss://edge-1:443", *, allow_plaintext: bool = False) -> Target:
    return Target(url, "edge-1", None, "a test", "none", allow_plaintext=allow_plaintext)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in files(folder)}


def test_looking_for_a_token_makes_no_key(tmp_path: Path) -> None:
    assert ring(tmp_path).token(at()) is None
    assert files(tmp_path) == []


def test_the_key_is_made_once_and_only_we_can_read_it(tmp_path: Path) -> None:
    made = ring(tmp_path).device()
    assert ring(tmp_path).device().id == made.id
    assert modes(tmp_path) == {0o600}
    assert stat.S_IMODE((tmp_path / "clawtop").stat().st_mode) == 0o700


def test_of_many_that_make_one_at_once_all_have_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: ring(tmp_path).device().id, range(8)))
    assert len(ids) == 1
    assert len(files(tmp_path)) == 1


def test_a_token_is_for_one_address_and_one_key(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    keys.keep(at(), TOKEN)
    found = ring(tmp_path).token(at())
    assert found is not None
    assert found.params() == {"deviceToken": TOKEN}
    assert TOKEN not in repr(found)
    assert keys.token(at("wss://edge-2:443")) is None
    keys.path.unlink()
    assert ring(tmp_path).token(at()) is None  # another key: the token is worth nothing
    assert modes(tmp_path) == {0o600}


def test_a_token_never_travels_where_it_can_be_read(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    plain = at("ws://edge-1:18789")
    keys.keep(plain, TOKEN)
    assert not [path for path in files(tmp_path) if TOKEN in path.read_text()]
    told = at("ws://edge-1:18789", allow_plaintext=True)
    keys.keep(told, TOKEN)
    assert keys.token(plain) is None
    assert keys.token(told) is not None


def test_a_forgotten_token_is_gone(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    keys.keep(at(), TOKEN)
    keys.forget(at())
    keys.forget(at())
    assert keys.token(at()) is None
    assert keys.problem is None


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"private_key": 7}', '{"private_key": "AAAA"}', "[" * 9000]
)
def test_a_broken_key_is_a_sentence_and_is_left_alone(tmp_path: Path, content: str) -> None:
    path = ring(tmp_path).path
    path.parent.mkdir()
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(FindError, match=r"device\.json cannot be read: it is not complete") as told:
        ring(tmp_path).device()
    assert "Move it away" in told.value.next_step
    assert path.read_text() == content


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    keys.device()
    keys.path.chmod(0o640)
    with pytest.raises(FindError, match="others on this host can read the device key") as told:
        ring(tmp_path).device()
    assert told.value.next_step == f"chmod 600 {keys.path}"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"token": 7}', "[" * 9000])
def test_a_broken_token_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    keys = ring(tmp_path)
    keys.keep(at(), TOKEN)
    (path,) = (tmp_path / "clawtop" / "devices").iterdir()
    path.write_text(content)
    assert keys.token(at()) is None
    keys.keep(at(), TOKEN)
    assert json.loads(path.read_text())["token"] == TOKEN


def test_where_nothing_can_be_kept_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "clawtop").write_text("a file where the folder should be")
    with pytest.raises(FindError, match="no device key can be kept in") as told:
        ring(tmp_path).device()
    assert "XDG_STATE_HOME" in told.value.next_step


def test_a_token_that_cannot_be_kept_stops_nothing(tmp_path: Path) -> None:
    keys = ring(tmp_path)
    keys.device()
    (tmp_path / "clawtop" / "devices").write_text("in the way")
    keys.keep(at(), TOKEN)
    assert keys.problem is not None
    assert TOKEN not in keys.problem
    assert sorted(os.listdir(tmp_path / "clawtop")) == ["device.json", "devices"]
