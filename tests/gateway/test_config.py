"""The two config files: JSON5 with includes, TOML, and errors that never quote their content."""

import json
from pathlib import Path
from typing import Any

import pytest

from clawtop.errors import FindError
from clawtop.gateway.config import (
    DEFAULT_PORT,
    INCLUDE_DEPTH,
    GatewayConfig,
    config_path,
    read_gateway_config,
    read_own_config,
    state_dir,
)

SECRET = "hunter2-very-secret"
HOME = Path("/home/ada")


def written(folder: Path, text: str, name: str = "openclaw.json") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path) -> GatewayConfig:
    return read_gateway_config(path, must_exist=True)


# -- where it lies


@pytest.mark.parametrize(
    ("env", "profile", "expected"),
    [
        ({}, None, "/home/ada/.openclaw/openclaw.json"),
        ({"OPENCLAW_HOME": "/srv/claw"}, None, "/srv/claw/.openclaw/openclaw.json"),
        ({"OPENCLAW_STATE_DIR": "/var/claw"}, None, "/var/claw/openclaw.json"),
        (
            {"OPENCLAW_STATE_DIR": "/var/claw", "OPENCLAW_HOME": "/srv"},
            None,
            "/var/claw/openclaw.json",
        ),
        ({"OPENCLAW_CONFIG_PATH": "/etc/claw.json"}, None, "/etc/claw.json"),
        ({"OPENCLAW_PROFILE": "dev"}, None, "/home/ada/.openclaw-dev/openclaw.json"),
        ({"OPENCLAW_PROFILE": "default"}, None, "/home/ada/.openclaw/openclaw.json"),
        ({}, "dev", "/home/ada/.openclaw-dev/openclaw.json"),
        ({"OPENCLAW_PROFILE": "dev"}, "ops", "/home/ada/.openclaw-ops/openclaw.json"),
        ({"OPENCLAW_HOME": "/srv"}, "dev", "/srv/.openclaw-dev/openclaw.json"),
        (
            {"OPENCLAW_CONFIG_PATH": "/etc/claw.json"},
            "dev",
            "/home/ada/.openclaw-dev/openclaw.json",
        ),
    ],
)
def test_the_gateways_own_meaning_of_its_variables(
    env: dict[str, str], profile: str | None, expected: str
) -> None:
    assert config_path(env, HOME, profile) == Path(expected)


def test_an_empty_variable_is_not_set() -> None:
    assert state_dir({"OPENCLAW_STATE_DIR": "", "OPENCLAW_HOME": ""}, HOME, None) == (
        HOME / ".openclaw"
    )


# -- reading it


def test_json5_as_people_write_it(tmp_path: Path) -> None:
    path = written(tmp_path, "{ // mine\n gateway: {port: 19001, auth: {token: 'x',},}, /* b */ }")
    config = read(path)
    assert config.exists
    assert config.port == 19001
    assert config.part("auth", "token") == "x"
    assert config.part("auth", "token", "deeper") is None
    assert config.part("no", "such") is None


@pytest.mark.parametrize("port", [0, -1, 65536, "19001", None, 1.5, [1]])
def test_a_port_that_is_none_is_the_default(tmp_path: Path, port: Any) -> None:
    path = written(tmp_path, json.dumps({"gateway": {"port": port}}))
    assert read(path).port == DEFAULT_PORT


@pytest.mark.parametrize("text", ["[]", "5", "null", '"x"', "{}", '{"gateway": 5}'])
def test_a_config_without_a_gateway_section_is_an_empty_one(tmp_path: Path, text: str) -> None:
    config = read(written(tmp_path, text))
    assert (config.exists, config.gateway) == (True, {})


def test_includes_come_first_and_what_stands_beside_them_wins(tmp_path: Path) -> None:
    written(tmp_path, "{port: 1, auth: {token: 'a', mode: 'token'}, extra: 1}", "one.json5")
    written(tmp_path, "{port: 2}", "two.json5")
    path = written(
        tmp_path, "{gateway: {$include: ['one.json5', 'two.json5'], auth: {token: 'b'}}}"
    )
    config = read(path)
    assert config.port == 2
    assert config.part("auth") == {"token": "b", "mode": "token"}
    assert config.part("extra") == 1


def test_a_config_may_be_one_include(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    written(tmp_path / "parts", "{$include: 'inner.json'}", "outer.json")
    written(tmp_path / "parts", "{gateway: {port: 5}}", "inner.json")
    assert read(written(tmp_path, "{$include: 'parts/outer.json'}")).port == 5


def test_an_include_of_itself_ends(tmp_path: Path) -> None:
    path = written(tmp_path, "{$include: 'openclaw.json', gateway: {port: 7}}")
    assert read(path).port == 7
    assert INCLUDE_DEPTH < 10


@pytest.mark.parametrize("odd", ["5", "[5, null]", "{}"])
def test_an_odd_include_is_ignored(tmp_path: Path, odd: str) -> None:
    assert read(written(tmp_path, f"{{$include: {odd}, gateway: {{port: 8}}}}")).port == 8


# -- what is broken says where, never what


HALF = f'{{\n  gateway: {{\n    auth: {{ token: "{SECRET}", }},\n    port: '


def test_a_half_written_config_names_file_and_line_and_no_content(tmp_path: Path) -> None:
    path = written(tmp_path, HALF)
    with pytest.raises(FindError) as raised:
        read(path)
    assert str(path) in raised.value.message
    assert "not complete JSON5" in raised.value.message
    assert SECRET not in raised.value.sentence()
    assert "--url" in raised.value.next_step
    assert raised.value.__cause__ is None
    assert raised.value.exit_code == 3


@pytest.mark.parametrize(
    "text", ["", "{", "}", f"{{token: '{SECRET}", "{a: 1} trailing", "[" * 900]
)
def test_no_broken_config_is_more_than_a_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(FindError) as raised:
        read(written(tmp_path, text))
    assert SECRET not in raised.value.sentence()


def test_bytes_that_are_no_text_are_a_broken_config(tmp_path: Path) -> None:
    path = tmp_path / "openclaw.json"
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(FindError, match="JSON5"):
        read(path)


def test_a_missing_config_matters_only_when_it_was_named(tmp_path: Path) -> None:
    path = tmp_path / "none.json"
    assert not read_gateway_config(path, must_exist=False).exists
    with pytest.raises(FindError, match="there is no config file at"):
        read_gateway_config(path, must_exist=True)


def test_a_missing_include_names_the_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FindError, match=r"gone\.json"):
        read(written(tmp_path, "{$include: 'gone.json'}"))


def test_a_config_that_is_a_folder_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FindError, match="cannot read"):
        read(tmp_path)


# -- clawtop's own


def test_our_own_config_names_gateways(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        'default = "edge"\n[gateways.edge]\nurl = "wss://edge:1"\ntoken_file = "/t"\n'
        'tls_fingerprint = "aa"\n[gateways.lab]\nurl = "ws://127.0.0.1:5"\nport = 5\n',
        "config.toml",
    )
    own = read_own_config(path)
    assert (own.default, sorted(own.gateways)) == ("edge", ["edge", "lab"])
    assert own.gateways["edge"].token_file == "/t"
    assert own.gateways["edge"].tls_fingerprint == "aa"
    assert own.gateways["lab"].password_file is None


def test_no_own_config_is_an_empty_one(tmp_path: Path) -> None:
    own = read_own_config(tmp_path / "config.toml")
    assert (own.default, own.gateways) == (None, {})


@pytest.mark.parametrize(
    "text", [f'token = "{SECRET}', "= 5", "[gateways.x]\nport = 5", "[gateways]\nx = 5", "\x00"]
)
def test_a_broken_own_config_is_a_sentence_without_content(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text, "config.toml")
    with pytest.raises(FindError) as raised:
        read_own_config(path)
    assert str(path) in raised.value.message
    assert SECRET not in raised.value.sentence()


@pytest.mark.parametrize("text", ["gateways = 5", "default = 5", ""])
def test_odd_but_complete_own_configs_are_empty(tmp_path: Path, text: str) -> None:
    own = read_own_config(written(tmp_path, text, "config.toml"))
    assert (own.default, own.gateways) == (None, {})
