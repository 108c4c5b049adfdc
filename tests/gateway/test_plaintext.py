"""A secret goes readable over a network only where a person said so in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawtop.cli.common import find_options
from clawtop.cli.options import build_parser
from clawtop.errors import FindError
from clawtop.gateway.find import Options, Target, find

SECRET = "secret-hunter2"
ENV = {"OPENCLAW_GATEWAY_TOKEN": SECRET}
ELSEWHERE = ["edge-1:18789", "ws://192.0.2.7", "ws://[2001:db8::1]:1", "ws://127.0.0.1.example"]
HERE = ["ws://127.0.0.1:18789", "ws://localhost", "ws://[::1]:18789", "ws://127.8.9.1:2"]


def found(folder: Path, url: str | None, **options: bool) -> Target:
    return find(Options(url=url, **options), ENV, folder, folder / "config.toml")  # type: ignore[arg-type]


@pytest.mark.parametrize("url", ELSEWHERE)
def test_elsewhere_it_is_refused_and_the_ways_are_named(tmp_path: Path, url: str) -> None:
    with pytest.raises(FindError, match="would send the secret readable") as told:
        found(tmp_path, url)
    for way in ("wss://", "ssh -L", "--allow-plaintext"):
        assert way in told.value.next_step
    assert SECRET not in told.value.sentence()


@pytest.mark.parametrize("url", ELSEWHERE)
def test_elsewhere_when_told_so(tmp_path: Path, url: str) -> None:
    target = found(tmp_path, url, allow_plaintext=True)
    assert target.secret is not None
    assert target.may_carry_secret


@pytest.mark.parametrize("url", [*HERE, "wss://edge-1", "https://edge-1"])
def test_here_and_over_tls_it_is_not_even_asked(tmp_path: Path, url: str) -> None:
    assert found(tmp_path, url).may_carry_secret


def test_without_a_secret_the_address_is_taken_and_may_not_carry_one(tmp_path: Path) -> None:
    target = find(Options(url="ws://edge-1"), {}, tmp_path, tmp_path / "config.toml")
    assert not target.may_carry_secret


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("allow_plaintext = true", True),
        ("allow_plaintext = false", False),
        ('allow_plaintext = "yes"', False),
        ("", False),
    ],
)
def test_an_entry_of_the_own_config_can_say_it(tmp_path: Path, line: str, allowed: bool) -> None:
    (tmp_path / "config.toml").write_text(
        f'default = "edge"\n[gateways.edge]\nurl = "ws://edge-1"\n{line}\n'
    )
    if allowed:
        assert found(tmp_path, None).may_carry_secret
    else:
        with pytest.raises(FindError, match="readable"):
            found(tmp_path, None)


def test_a_gateway_config_cannot_say_it(tmp_path: Path) -> None:
    path = tmp_path / ".openclaw" / "openclaw.json"
    path.parent.mkdir()
    path.write_text('{gateway: {mode: "remote", remote: {url: "ws://edge-1", token: "x"}}}')
    with pytest.raises(FindError, match="readable"):
        found(tmp_path, None)


def test_the_command_line_can_say_it() -> None:
    words = ["snapshot", "--allow-plaintext"]
    assert find_options(build_parser().parse_args(words)).allow_plaintext
    assert not find_options(build_parser().parse_args(["snapshot"])).allow_plaintext
