"""Files whose path somebody chose: a pipe, a folder, a loop, too much; none is waited for."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from clawtop.errors import FindError
from clawtop.gateway import reading
from clawtop.gateway.config import LARGEST, read_gateway_config, read_logging, read_own_config
from clawtop.gateway.find import LONGEST_SECRET, Options, find
from clawtop.gateway.keyring import Keyring
from clawtop.gateway.pin import pin_of_file
from clawtop.gateway.reading import read_line, read_whole

from .certificates import self_signed


def a_pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_loop(path: Path) -> None:
    path.symlink_to(path)


def a_huge_one(path: Path) -> None:
    """Of a hundred gigabytes, all of them holes."""
    with path.open("wb") as file:
        file.truncate(100_000_000_000)
    path.chmod(0o600)


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


ODD = {
    "it is not a file": a_pipe,
    "Is a directory": a_folder,
    "Too many levels of symbolic links": a_loop,
    "it has more than": a_huge_one,
    "it is not a file ": a_device,
}
odd = pytest.mark.parametrize(("says", "make"), ODD.items(), ids=[m.__name__ for m in ODD.values()])
Make = Callable[[Path], None]


@odd
def test_the_gateways_config(tmp_path: Path, says: str, make: Make) -> None:
    path = tmp_path / "openclaw.json"
    make(path)
    with pytest.raises(FindError) as told:
        read_gateway_config(path, must_exist=False)
    assert told.value.message.startswith(f"cannot read {path}: {says.strip()}")
    assert told.value.exit_code == 3
    assert read_logging(path) == {}


@odd
def test_an_include_of_the_gateways_config(tmp_path: Path, says: str, make: Make) -> None:
    make(tmp_path / "more.json")
    path = tmp_path / "openclaw.json"
    path.write_text("{$include: 'more.json'}")
    with pytest.raises(FindError, match=rf"more\.json: {says.strip()}"):
        read_gateway_config(path, must_exist=True)


@odd
def test_our_own_config(tmp_path: Path, says: str, make: Make) -> None:
    path = tmp_path / "config.toml"
    make(path)
    with pytest.raises(FindError, match=says.strip()) as told:
        read_own_config(path)
    assert str(path) in told.value.message


@odd
def test_the_device_key(tmp_path: Path, says: str, make: Make) -> None:
    keys = Keyring({"XDG_STATE_HOME": str(tmp_path)})
    keys.path.parent.mkdir()
    make(keys.path)
    with pytest.raises(FindError, match=says.strip()) as told:
        keys.device()
    assert str(keys.path) in told.value.message
    assert told.value.next_step.startswith("Move it away")


def secret_of(path: Path) -> str:
    options = Options(url="ws://127.0.0.1:1", token_file=str(path))
    target = find(options, {}, Path("/nowhere"), Path("/nowhere/config.toml"))
    assert target.secret is not None
    return target.secret.value


@pytest.mark.parametrize(
    ("says", "make"),
    [("Is a directory", a_folder), ("Too many levels", a_loop), ("more than", a_device)],
)
def test_the_file_of_a_secret(tmp_path: Path, says: str, make: Make) -> None:
    make(tmp_path / "token")
    with pytest.raises(FindError, match=says) as told:
        secret_of(tmp_path / "token")
    assert "--token-file" in told.value.message


def test_a_secret_in_a_huge_file_is_not_looked_for(tmp_path: Path) -> None:
    a_huge_one(tmp_path / "token")
    with pytest.raises(FindError, match=f"more than {LONGEST_SECRET:,} bytes"):
        secret_of(tmp_path / "token")


def test_a_pipe_that_nobody_writes_to_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "PIPE_S", 0.05)
    a_pipe(tmp_path / "token")
    with pytest.raises(FindError, match="nobody wrote a line into it"):
        secret_of(tmp_path / "token")


def test_a_secret_from_a_pipe_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "token"
    a_pipe(path)
    writer = threading.Thread(target=lambda: path.write_text("\n hunter2 \nmore\n"))
    writer.start()
    assert secret_of(path) == "hunter2"
    writer.join(10)


def test_a_secret_from_a_pipe_without_an_end_of_line() -> None:
    """As ``--token-file <(pass show gateway)`` gives it."""
    out, into = os.pipe()
    try:
        os.write(into, b"hunter2")
        os.close(into)
        assert secret_of(Path(f"/dev/fd/{out}")) == "hunter2"
    finally:
        os.close(out)


def test_one_byte_more_than_allowed_is_too_much(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 11)
    assert read_whole(path, 11) == b"x" * 11
    assert read_line(path, 11) == b"x" * 11
    with pytest.raises(OSError, match="more than 10 bytes"):
        read_whole(path, 10)
    with pytest.raises(OSError, match="more than 10 bytes"):
        read_line(path, 10)


def test_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert read_whole(tmp_path / "none", 10) is None
    assert read_whole(tmp_path / "file" / "below", 10) is None


def test_plain_json_does_not_go_through_the_slow_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("json5.loads")
    path = tmp_path / "openclaw.json"
    body = '{"gateway": {"port": 7}, "filler": "' + "x" * (LARGEST - 50) + '"}'
    path.write_text(body)
    assert read_gateway_config(path, must_exist=True).port == 7


def test_the_pin_of_a_certificate(tmp_path: Path) -> None:
    made = self_signed(tmp_path / "cert.pem")
    assert pin_of_file(made.file) == made.fingerprint
    chain = tmp_path / "chain.pem"
    chain.write_bytes(made.file.read_bytes() + self_signed(tmp_path / "ca.pem").file.read_bytes())
    assert pin_of_file(chain) == made.fingerprint
    (tmp_path / "none.pem").write_text("-----BEGIN CERTIFICATE-----\n&&&\n")
    assert pin_of_file(tmp_path / "none.pem") is None
    assert pin_of_file(tmp_path / "missing.pem") is None
    a_pipe(tmp_path / "pipe.pem")
    assert pin_of_file(tmp_path / "pipe.pem") is None
