"""A known secret goes in by every way there is; nothing that clawtop says has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.shell import Served, serving
from tests.hostile.inside import Shell

CANARY = "canary-7f3a9c51e2b84d06"
SAYING = (("doctor",), ("doctor", "--json"), ("snapshot", "--json"), ("check", "--no-state"))


@dataclass
class Way:
    """How a secret is given: options, environment, what is on standard input."""

    folder: Path
    served: Served
    patch: pytest.MonkeyPatch
    stdin: str = ""

    @property
    def url(self) -> tuple[str, str]:
        return ("--url", self.served.gateway.url)

    def file(self, name: str, text: str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    def secret_file(self) -> str:
        return self.file("given", f"{CANARY}\n")

    def env(self, name: str, value: str) -> None:
        self.patch.setenv(name, value)

    def own_config(self, kind: str) -> tuple[str, ...]:
        entry = f'url = "{self.served.gateway.url}"\n{kind}_file = "{self.secret_file()}"\n'
        self.file("config/clawtop/config.toml", f"[gateways.edge-1]\n{entry}")
        return ("--gateway", "edge-1")

    def gateways_config(self, auth: str, **more: str) -> tuple[str, ...]:
        port = self.served.gateway.port
        for name, text in more.items():
            self.file(f"{name}.json", text)
        return ("--config", self.file("gw.json", f"{{gateway: {{port: {port}, auth: {auth}}}}}"))


def _env_token(way: Way) -> tuple[str, ...]:
    way.env("OPENCLAW_GATEWAY_TOKEN", CANARY)
    return way.url


def _env_file(way: Way) -> tuple[str, ...]:
    way.env("CLAWTOP_TOKEN_FILE", way.secret_file())
    return way.url


def _pipe(way: Way) -> tuple[str, ...]:
    way.stdin = f"{CANARY}\n"
    return (*way.url, "--token-file", "-")


def _reference(way: Way) -> tuple[str, ...]:
    way.env("MY_SECRET", CANARY)
    return way.gateways_config("{token: '${MY_SECRET}'}")


def _remote(way: Way) -> tuple[str, ...]:
    url = way.served.gateway.url
    remote = f"{{mode: 'remote', remote: {{url: '{url}', token: '{CANARY}'}}}}"
    return ("--config", way.file("gw.json", f"{{gateway: {remote}}}"))


TOKENS: dict[str, Callable[[Way], tuple[str, ...]]] = {
    "OPENCLAW_GATEWAY_TOKEN": _env_token,
    "CLAWTOP_TOKEN_FILE": _env_file,
    "--token-file": lambda way: (*way.url, "--token-file", way.secret_file()),
    "a pipe": _pipe,
    "config.toml": lambda way: way.own_config("token"),
    "the gateway's config": lambda way: way.gateways_config(f"{{token: '{CANARY}'}}"),
    "a reference in it": _reference,
    "a file it includes": lambda way: way.gateways_config(
        "{$include: './more.json'}", more=f"{{token: '{CANARY}'}}"
    ),
    "its remote section": _remote,
}


def _env_password(way: Way) -> tuple[str, ...]:
    way.env("OPENCLAW_GATEWAY_PASSWORD", CANARY)
    return way.url


def _env_password_file(way: Way) -> tuple[str, ...]:
    way.env("CLAWTOP_PASSWORD_FILE", way.secret_file())
    return way.url


PASSWORDS: dict[str, Callable[[Way], tuple[str, ...]]] = {
    "OPENCLAW_GATEWAY_PASSWORD": _env_password,
    "CLAWTOP_PASSWORD_FILE": _env_password_file,
    "--password-file": lambda way: (*way.url, "--password-file", way.secret_file()),
    "config.toml": lambda way: way.own_config("password"),
    "the gateway's config": lambda way: way.gateways_config(
        f"{{mode: 'password', password: '{CANARY}'}}"
    ),
}


@pytest.mark.parametrize(
    ("mode", "name"),
    [("token", name) for name in TOKENS] + [("password", name) for name in PASSWORDS],
)
def test_a_secret_that_fits_is_never_said(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, name: str
) -> None:
    with serving(tmp_path, auth_mode=mode, token=CANARY) as served:
        way = Way(tmp_path, served, monkeypatch)
        where = (TOKENS if mode == "token" else PASSWORDS)[name](way)
        for command in SAYING:
            shell.run(*command, *where, stdin=way.stdin)
            assert shell.code in (0, 3 if command[0] == "check" else 0), shell.said
    assert CANARY not in shell.said
    assert mode in shell.said, "doctor says which kind of secret it was"


@pytest.mark.parametrize("name", TOKENS)
def test_a_secret_that_does_not_fit_is_never_said(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with serving(tmp_path, token="another one") as served:
        way = Way(tmp_path, served, monkeypatch)
        where = TOKENS[name](way)
        for command in SAYING:
            shell.run(*command, *where, stdin=way.stdin)
            assert shell.code == 3
    assert CANARY not in shell.said
    assert "refused the secret" in shell.said


def test_a_gateway_that_repeats_the_secret_is_not_repeated(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    says = {"code": "INVALID_REQUEST", "message": f"bad secret {CANARY}!"}
    with serving(tmp_path, token=CANARY) as served:
        where = (*Way(tmp_path, served, monkeypatch).url, "--token-file", str(served.token_file))
        for method in ("sessions.list", "status", "connect"):
            served.do(lambda gateway, one=method: gateway.faults.error_methods.update({one: says}))
            for command in (*SAYING, ("heartbeats", "status"), ("companion", "status")):
                shell.run(*command, *where)
    assert "bad secret ***!" in shell.said
    assert CANARY not in shell.said


MISTAKES: dict[str, tuple[str, ...]] = {
    "--token": ("--token", CANARY),
    "--token=": (f"--token={CANARY}",),
    "--password": ("--password", CANARY),
    "--password=": (f"--password={CANARY}",),
    "--tokn": ("--tokn", CANARY),
    "--secret=": (f"--secret={CANARY}",),
    "the secret as the file's name": ("--token-file", CANARY),
    "the same, password": ("--password-file", CANARY),
    "--url with a password": ("--url", f"ws://me:{CANARY}@127.0.0.1:1"),
    "--url with a name": ("--url", f"ws://{CANARY}@127.0.0.1:1"),
    "--url with a question": ("--url", f"ws://127.0.0.1:1/?token={CANARY}"),
    "--url with a fragment": ("--url", f"http://127.0.0.1:1/#token={CANARY}"),
    "--url that is broken": ("--url", f"ws://me:{CANARY}@[127.0.0.1:1"),
}
VARIABLES = {
    "CLAWTOP_URL": f"ws://me:{CANARY}@127.0.0.1:1",
    "CLAWTOP_TOKEN_FILE": CANARY,
    "CLAWTOP_PASSWORD_FILE": CANARY,
    "OPENCLAW_GATEWAY_PORT": CANARY,
}


@pytest.mark.parametrize("command", ["snapshot", "doctor", "check", "release agent:main:main"])
@pytest.mark.parametrize("name", MISTAKES)
def test_a_secret_in_a_wrong_place_is_not_repeated(shell: Shell, name: str, command: str) -> None:
    shell.run(*command.split(), *MISTAKES[name])
    shell.run(*command.split(), "--json", *MISTAKES[name])
    assert shell.code in (2, 3)
    assert CANARY not in shell.said


@pytest.mark.parametrize("name", VARIABLES)
def test_a_secret_in_a_wrong_variable_is_not_repeated(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, VARIABLES[name])
    shell.run("snapshot", "--json", *(() if name == "CLAWTOP_URL" else ("--url", "127.0.0.1:1")))
    shell.run("doctor")
    assert CANARY not in shell.said


OWN = {
    "no quotes": f"[gateways.a]\ntoken = {CANARY}\n",
    "cut short": f'[gateways.a]\nurl = "ws://me:{CANARY}@host',
    "in the address": f'[gateways.a]\nurl = "ws://me:{CANARY}@host:1"\n',
    "as the file": f'[gateways.a]\nurl = "ws://127.0.0.1:1"\ntoken_file = "{CANARY}"\n',
    "no table": f'gateways = "{CANARY}"\n',
    "no address": f'[gateways.a]\ntoken = "{CANARY}"\n',
}
THEIRS = {
    "cut short": f"{{gateway: {{auth: {{token: '{CANARY}",
    "no quotes": f"{{gateway: {{auth: {{token: {CANARY}}}}}}}",
    "another kind of reference": f"{{gateway: {{auth: {{token: {{source: 'exec', id: '{CANARY}'}}"
    "}}}",
    "a broken reference": f"{{gateway: {{auth: {{token: '${{{CANARY}'}}}}}}",
    "a list": f"{{gateway: {{auth: {{token: ['{CANARY}']}}}}}}",
    "remote address": f"{{gateway: {{mode: 'remote', remote: {{url: 'ws://me:{CANARY}@h'}}}}}}",
    "not a name": f"{{gateway: {{port: 1, auth: {{token: '{CANARY}', }} }}, x: }}",
}


@pytest.mark.parametrize("name", OWN)
def test_a_malformed_config_of_ours_says_where_and_not_what(
    shell: Shell, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "config" / "clawtop" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(OWN[name], encoding="utf-8")
    for more in ((), ("--json",)):
        shell.run("snapshot", "--gateway", "a", *more)
    assert shell.code in (2, 3)
    assert str(path) in shell.said
    assert CANARY not in shell.said


@pytest.mark.parametrize("name", THEIRS)
def test_a_malformed_config_of_the_gateway_says_where_and_not_what(
    shell: Shell, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "gw.json"
    path.write_text(THEIRS[name], encoding="utf-8")
    for more in ((), ("--json",)):
        shell.run("snapshot", "--config", str(path), "--timeout", "1", *more)
    assert shell.code in (2, 3)
    assert CANARY not in shell.said


def test_completion_never_offers_a_secret(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config" / "clawtop" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(OWN["in the address"], encoding="utf-8")
    monkeypatch.setenv("OPENCLAW_GATEWAY_TOKEN", CANARY)
    for words in (["--gateway", ""], ["--url", ""], ["--token-file", ""], [""]):
        shell.run("complete", "zsh", "clawtop", *words)
    assert "snapshot" in shell.said
    assert CANARY not in shell.said
