"""Where the gateway is and what opens it: the order of sources, and where secrets never go."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from clawtop.errors import ClawtopError, FindError, UsageError
from clawtop.gateway.find import Options, Target, find, normal_url
from clawtop.gateway.secret import Secret

CONFIG_SECRET = "config-secret-hunter2"
OTHER_SECRET = "other-secret-correct-horse"
ENV_TOKEN = {"OPENCLAW_GATEWAY_TOKEN": OTHER_SECRET}


class Host:
    """A home with a gateway config and, where asked for, clawtop's own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self.own = folder / "config.toml"
        self.env: dict[str, str] = {}

    def gateway_config(self, gateway: Any = None, *, text: str | None = None) -> Path:
        path = self.home / ".openclaw" / "openclaw.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text if text is not None else json.dumps({"gateway": gateway}))
        return path

    def local_config(self, **gateway: Any) -> Path:
        told: dict[str, Any] = {"port": 19001, "auth": {"mode": "token", "token": CONFIG_SECRET}}
        return self.gateway_config(told | gateway)

    def own_config(self, text: str) -> None:
        self.own.write_text(text)

    def file(self, content: str | bytes, name: str = "secret") -> str:
        path = self.home / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def find(self, **options: str | None) -> Target:
        return find(Options(**options), self.env, self.home, self.own)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def value_of(target: Target) -> str | None:
    return None if target.secret is None else target.secret.value


# -- the order of sources


def test_nothing_at_all_is_the_loopback_default(host: Host) -> None:
    target = host.find()
    assert (target.url, target.secret, target.url_from) == (
        "ws://127.0.0.1:18789",
        None,
        "loopback default",
    )
    assert target.config_file is None


def test_on_the_gateways_own_host_it_just_works(host: Host) -> None:
    path = host.local_config()
    target = host.find()
    assert target.url == "ws://127.0.0.1:19001"
    assert target.secret == Secret("token", CONFIG_SECRET)
    assert target.url_from == target.secret_from == str(path)


def test_each_source_of_the_address_beats_the_next(host: Host) -> None:
    host.local_config()
    host.own_config(
        'default = "mine"\n[gateways.mine]\nurl = "ws://127.0.0.1:3"\n'
        '[gateways.env]\nurl = "ws://127.0.0.1:4"\n[gateways.opt]\nurl = "ws://127.0.0.1:5"\n'
    )
    assert host.find().url == "ws://127.0.0.1:3"
    host.env["CLAWTOP_GATEWAY"] = "env"
    assert host.find().url == "ws://127.0.0.1:4"
    assert host.find(gateway="opt").url == "ws://127.0.0.1:5"
    host.env["CLAWTOP_URL"] = "ws://127.0.0.1:6"
    assert host.find().url == "ws://127.0.0.1:6"
    assert host.find(gateway="opt").url == "ws://127.0.0.1:5", "an option beats the environment"
    assert host.find(url="ws://127.0.0.1:7").url == "ws://127.0.0.1:7"


def test_a_named_config_or_profile_beats_the_environment_and_our_default(host: Host) -> None:
    path = host.local_config()
    host.own_config('default = "mine"\n[gateways.mine]\nurl = "ws://127.0.0.1:3"\n')
    host.env |= {"CLAWTOP_URL": "ws://127.0.0.1:6", "OPENCLAW_GATEWAY_PORT": "5"}
    assert host.find(config=str(path)).url == "ws://127.0.0.1:19001"
    (host.home / ".openclaw-dev").mkdir()
    (host.home / ".openclaw-dev" / "openclaw.json").write_text("{gateway: {port: 19777}}")
    assert host.find(profile="dev").url == "ws://127.0.0.1:19777"


def test_the_gateways_port_variable_beats_its_file(host: Host) -> None:
    host.local_config()
    host.env["OPENCLAW_GATEWAY_PORT"] = "19002"
    target = host.find()
    assert (target.url, target.url_from) == ("ws://127.0.0.1:19002", "OPENCLAW_GATEWAY_PORT")


@pytest.mark.parametrize("port", ["x", "-1", "1.5", "\u0663", " "])
def test_a_port_variable_that_is_no_port_is_wrong_usage(host: Host, port: str) -> None:
    host.env["OPENCLAW_GATEWAY_PORT"] = port
    with pytest.raises(UsageError, match="OPENCLAW_GATEWAY_PORT"):
        host.find()


def test_each_source_of_the_secret_beats_the_next(host: Host) -> None:
    host.local_config()
    assert value_of(host.find()) == CONFIG_SECRET
    host.env["OPENCLAW_GATEWAY_PASSWORD"] = "from-password"
    assert host.find().secret == Secret("password", "from-password")
    host.env["OPENCLAW_GATEWAY_TOKEN"] = "from-token"
    assert host.find().secret == Secret("token", "from-token")
    host.env["CLAWTOP_PASSWORD_FILE"] = host.file("from-password-file", "p")
    assert host.find().secret == Secret("password", "from-password-file")
    host.env["CLAWTOP_TOKEN_FILE"] = host.file("from-token-file", "t")
    assert host.find().secret == Secret("token", "from-token-file")
    option = host.file("from-option", "o")
    found = host.find(token_file=option)
    assert (found.secret, found.secret_from) == (Secret("token", "from-option"), "--token-file")
    assert host.find(password_file=option).secret == Secret("password", "from-option")


# -- the config's secret goes to the config's address only


@pytest.mark.parametrize(
    "options",
    [
        {"url": "ws://127.0.0.1:19001"},
        {"url": "ws://localhost:19001"},
        {"url": "wss://elsewhere.example:443"},
        {"gateway": "other"},
    ],
)
def test_an_explicit_address_never_gets_the_configs_secret(
    host: Host, options: dict[str, str]
) -> None:
    host.local_config()
    host.own_config('[gateways.other]\nurl = "wss://other.example"\n')
    assert host.find(**options).secret is None


@pytest.mark.parametrize(
    "env",
    [
        {"CLAWTOP_URL": "ws://127.0.0.1:5"},
        {"CLAWTOP_GATEWAY": "other"},
        {"OPENCLAW_GATEWAY_PORT": "5"},
    ],
)
def test_an_address_of_the_environment_never_gets_the_configs_secret(
    host: Host, env: dict[str, str]
) -> None:
    host.local_config()
    host.own_config('[gateways.other]\nurl = "wss://other.example"\n')
    host.env |= env
    assert host.find().secret is None


def test_the_same_port_said_twice_is_the_configs_own_address(host: Host) -> None:
    host.local_config()
    host.env["OPENCLAW_GATEWAY_PORT"] = "19001"
    assert value_of(host.find()) == CONFIG_SECRET


def test_a_local_secret_is_not_sent_to_the_remote_gateway_of_the_same_file(host: Host) -> None:
    host.local_config(mode="remote", remote={"url": "wss://remote.example"})
    assert host.find().secret is None


def test_an_entry_of_our_own_config_brings_its_own_secret(host: Host) -> None:
    path = host.file(OTHER_SECRET)
    host.own_config(f'[gateways.edge]\nurl = "wss://edge.example"\npassword_file = "{path}"\n')
    host.env |= ENV_TOKEN | {"OPENCLAW_GATEWAY_TOKEN": "for another gateway"}
    target = host.find(gateway="edge")
    assert target.secret == Secret("password", OTHER_SECRET)
    assert (target.name, target.address) == ("edge", "edge.example:443")
    assert str(host.own) in target.secret_from


def test_an_entry_without_a_secret_takes_the_environments(host: Host) -> None:
    host.own_config('[gateways.edge]\nurl = "wss://edge.example"\n')
    host.env |= ENV_TOKEN
    assert value_of(host.find(gateway="edge")) == OTHER_SECRET


# -- what the gateway's config says


def test_a_remote_config_names_address_secret_and_pin(host: Host) -> None:
    remote = {
        "url": "wss://remote.example:8443/x",
        "token": CONFIG_SECRET,
        "tlsFingerprint": ":".join(["AB"] * 32),
    }
    host.gateway_config({"mode": "remote", "remote": remote})
    target = host.find()
    assert target.url == "wss://remote.example:8443"
    assert value_of(target) == CONFIG_SECRET
    assert target.tls_fingerprint == "ab" * 32
    assert host.find(tls_fingerprint="ff" * 32).tls_fingerprint == "ff" * 32


def test_a_config_with_tls_is_reached_with_tls(host: Host) -> None:
    host.local_config(tls={"enabled": True})
    assert host.find().url == "wss://127.0.0.1:19001"


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ({"mode": "password", "password": "p", "token": "t"}, Secret("password", "p")),
        ({"mode": "token", "password": "p", "token": "t"}, Secret("token", "t")),
        ({"password": "p"}, Secret("password", "p")),
        ({"mode": "none", "token": "t"}, None),
        ({"mode": "token", "token": ""}, None),
        ({}, None),
    ],
)
def test_the_mode_decides_which_secret_is_sent(
    host: Host, auth: dict[str, str], expected: Secret | None
) -> None:
    host.gateway_config({"auth": auth})
    assert host.find().secret == expected


@pytest.mark.parametrize(
    "reference", ["${CLAW_SECRET}", {"source": "env", "provider": "default", "id": "CLAW_SECRET"}]
)
def test_references_to_the_environment_are_followed(host: Host, reference: Any) -> None:
    host.gateway_config({"auth": {"token": reference}})
    with pytest.raises(FindError, match="CLAW_SECRET, which is not set here"):
        host.find()
    host.env["CLAW_SECRET"] = CONFIG_SECRET
    assert value_of(host.find()) == CONFIG_SECRET


@pytest.mark.parametrize(
    "reference",
    [
        {"source": "exec", "provider": "vault", "id": "rm -rf /"},
        {"source": "file", "id": "/etc/shadow"},
        {"source": "store", "id": "x"},
        {"source": "env"},
        {},
        ["t"],
        5,
        True,
    ],
)
def test_no_other_reference_is_followed_let_alone_executed(host: Host, reference: Any) -> None:
    host.gateway_config({"auth": {"token": reference}})
    with pytest.raises(FindError, match=r"gateway\.auth\.token") as raised:
        host.find()
    assert "--token-file" in raised.value.next_step


def test_a_reference_we_cannot_follow_does_not_matter_when_a_secret_is_given(host: Host) -> None:
    host.gateway_config({"auth": {"token": {"source": "exec", "id": "x"}}})
    host.env |= ENV_TOKEN
    assert value_of(host.find()) == OTHER_SECRET


def test_a_half_written_config_does_not_stop_an_explicit_address(host: Host) -> None:
    host.gateway_config(text='{gateway: {auth: {token: "' + CONFIG_SECRET)
    with pytest.raises(FindError, match="not complete JSON5") as raised:
        host.find()
    assert CONFIG_SECRET not in raised.value.sentence()
    assert host.find(url="127.0.0.1").url == "ws://127.0.0.1:18789"


def test_a_named_config_that_is_missing_is_said(host: Host) -> None:
    with pytest.raises(FindError, match="no config file at"):
        host.find(config=str(host.home / "gone.json"))


# -- secret files


@pytest.mark.parametrize(
    ("content", "secret"),
    [(f"{OTHER_SECRET}\n", OTHER_SECRET), ("\n  a b \r\nsecond\n", "a b"), ("x", "x")],
)
def test_the_first_line_is_the_secret(host: Host, content: str, secret: str) -> None:
    assert value_of(host.find(token_file=host.file(content))) == secret


@pytest.mark.parametrize(("content", "why"), [("", "is empty"), (" \n\t\n", "is empty")])
def test_an_empty_secret_file_is_said(host: Host, content: str, why: str) -> None:
    with pytest.raises(FindError, match=why):
        host.find(token_file=host.file(content))


def test_a_secret_file_that_cannot_be_read_is_said(host: Host) -> None:
    with pytest.raises(FindError, match=r"--token-file .*No such file"):
        host.find(token_file=str(host.home / "gone"))
    with pytest.raises(FindError, match="it is not text"):
        host.find(token_file=host.file(b"\xff\xfe"))
    host.env["CLAWTOP_TOKEN_FILE"] = str(host.home)
    with pytest.raises(FindError, match="CLAWTOP_TOKEN_FILE"):
        host.find()


def test_a_dash_is_standard_input_read_once(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{OTHER_SECRET}\nleft alone\n"))
    host.local_config()
    target = host.find(token_file="-")
    assert value_of(target) == OTHER_SECRET
    import sys

    assert sys.stdin.read() == "left alone\n"


# -- addresses


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("127.0.0.1", "ws://127.0.0.1:18789"),
        ("localhost:5", "ws://localhost:5"),
        (" ws://127.0.0.1:5/path?x=1 ", "ws://127.0.0.1:5"),
        ("http://127.0.0.1:5", "ws://127.0.0.1:5"),
        ("https://edge.example", "wss://edge.example:443"),
        ("wss://edge.example:8443", "wss://edge.example:8443"),
        ("[::1]:5", "ws://[::1]:5"),
        ("ws://[::1]", "ws://[::1]:18789"),
        ("WSS://Edge.Example", "wss://edge.example:443"),
    ],
)
def test_addresses_as_people_write_them(written: str, expected: str) -> None:
    assert normal_url(written, "--url") == expected


@pytest.mark.parametrize(
    "odd", ["", "ws://", "ftp://x", "ws://:5", "ws://x:99999", "ws://x:y", "ws://[::1", "file:///x"]
)
def test_what_is_no_address_is_wrong_usage(odd: str) -> None:
    with pytest.raises(UsageError, match="--url is not an address"):
        normal_url(odd, "--url")


@pytest.mark.parametrize(
    "url", [f"ws://ada:{OTHER_SECRET}@127.0.0.1", f"wss://{OTHER_SECRET}@edge.example"]
)
def test_a_secret_in_an_address_is_refused_without_repeating_it(host: Host, url: str) -> None:
    with pytest.raises(UsageError, match="holds a secret") as raised:
        host.find(url=url)
    assert OTHER_SECRET not in raised.value.sentence()


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("ws://10.0.0.5:18789", True),
        ("ws://edge.example", True),
        ("ws://127.0.0.1.example", True),
        ("ws://127evil.example", True),
        ("ws://0.0.0.0:1", True),
        ("wss://edge.example", False),
        ("ws://127.0.0.1:1", False),
        ("ws://127.8.9.1:1", False),
        ("ws://localhost:1", False),
        ("ws://[::1]:1", False),
    ],
)
def test_a_secret_is_not_sent_readable_over_a_network(host: Host, url: str, refused: bool) -> None:
    host.env |= ENV_TOKEN
    if not refused:
        assert value_of(host.find(url=url)) == OTHER_SECRET
        return
    with pytest.raises(FindError, match="would send the secret readable") as raised:
        host.find(url=url)
    assert OTHER_SECRET not in raised.value.sentence()
    assert "wss://" in raised.value.next_step


def test_without_a_secret_there_is_nothing_to_protect(host: Host) -> None:
    assert host.find(url="ws://10.0.0.5").secret is None


# -- wrong usage


@pytest.mark.parametrize(
    "options",
    [
        {"url": "ws://127.0.0.1", "gateway": "edge"},
        {"token_file": "a", "password_file": "b"},
        {"gateway": "nobody"},
    ],
)
def test_options_that_contradict_each_other(host: Host, options: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        host.find(**options)


def test_an_unknown_gateway_names_the_known_ones(host: Host) -> None:
    host.own_config('[gateways.b]\nurl = "ws://127.0.0.1"\n[gateways.a]\nurl = "ws://127.0.0.1"\n')
    with pytest.raises(UsageError) as raised:
        host.find(gateway="c")
    assert raised.value.next_step == "It has: a, b"


def test_no_error_and_no_target_ever_shows_a_secret(host: Host) -> None:
    """Every way to fail that was found, with a secret in each place one can be."""
    host.file(OTHER_SECRET, "t")
    broken: list[tuple[Any, dict[str, str | None], dict[str, str]]] = [
        ({"auth": {"token": "${NOT_SET}", "password": CONFIG_SECRET}}, {}, {}),
        ({"auth": {"token": CONFIG_SECRET}}, {"url": "ws://far.example"}, ENV_TOKEN),
        ({"mode": "remote", "remote": {"url": "ws://far", "token": CONFIG_SECRET}}, {}, {}),
        ({"mode": "remote", "remote": {"url": f"ws://x:{CONFIG_SECRET}@far"}}, {}, {}),
        ({"port": 1, "auth": {"token": CONFIG_SECRET}}, {"gateway": "x"}, ENV_TOKEN),
        ({"auth": {"token": CONFIG_SECRET}}, {}, {"OPENCLAW_GATEWAY_PORT": "x"}),
    ]
    for config, options, env in broken:
        host.gateway_config(config)
        host.env = dict(env)
        with pytest.raises(ClawtopError) as raised:
            host.find(**options)
        assert CONFIG_SECRET not in raised.value.sentence()
        assert OTHER_SECRET not in raised.value.sentence()
    host.local_config()
    host.env = {}
    assert CONFIG_SECRET not in repr(host.find())
