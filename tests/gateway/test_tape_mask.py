"""Secrets go out of JSON, and what was JSON stays the same JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawtop.gateway.tape_mask import Disguise
from clawtop.text import mask

KNOWN = 'hunter2/"quoted"\\é-and-long'
SECRETS = (
    "sk-abcdefgh12345",
    "ghp_abcdefgh12345",
    "github_pat_abcdefgh_12345",
    "xoxb-1234-abcdefgh",
    "AKIAABCDEFGHIJKL",
    "AIzaabcdefghijklmnopqrstuvw",
    "eyJabcdefghij.abcdefgh.abcdefg",
)
PLACES = (
    "export API_TOKEN={}",
    "curl -H 'Authorization: Bearer {}' http://x",
    'curl -H "Authorization: Bearer {}"',
    "tool --token {} run",
    "tool --password '{}'",
    'say token="{}" and go on',
    "https://me:{}@host/path",
    "line\nSECRET: {}\nline",
    "just {} alone",
)


def disguise(known: str | None = None) -> Disguise:
    return Disguise(known, salt=b"salt")


def through(value: Any, known: str | None = None) -> Any:
    """The value as it reads after its JSON was disguised."""
    return json.loads(disguise(known).json(json.dumps(value).encode()))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
suspicious = st.text("token=secret:\"'\\ &{}[]sk-Bearer1é\n", max_size=60)


@given(st.dictionaries(st.text(max_size=8), json_values | suspicious), st.booleans())
def test_json_stays_json_with_the_same_shape(value: dict[str, Any], ascii_only: bool) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert shape(json.loads(disguise("sk-B").json(raw))) == shape(value)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        return [shape(one) for one in value.values()]
    return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__


@given(st.dictionaries(st.text("abc", max_size=8), st.text('abcd "\\/{}\n', max_size=40)))
def test_what_holds_no_secret_comes_out_byte_for_byte(value: dict[str, str]) -> None:
    raw = json.dumps(value, indent=1).encode()
    assert disguise("a secret that is not there").json(raw) == raw


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_a_text_is_gone_and_shown_as_before(place: str, secret: str) -> None:
    text = place.format(secret)
    after = through({"command": text, "n": 1})["command"]
    assert secret not in after
    assert after != text
    assert mask(after) == mask(text)


@pytest.mark.parametrize("place", PLACES)
def test_json_inside_a_string_is_disguised_inside(place: str) -> None:
    line = {"0": place.format(SECRETS[0]), "totalTokens": 123456, "token": "short-one"}
    after = through({"lines": [json.dumps(line), "plain"]})
    inner = json.loads(after["lines"][0])
    assert inner["totalTokens"] == 123456
    assert mask(inner["0"]) == mask(line["0"])
    assert SECRETS[0] not in json.dumps(after)
    assert "short-one" not in json.dumps(after)


@pytest.mark.parametrize(
    "value",
    [
        {"token": "canary"},
        {"auth": {"Password": "canary", "x": 1}},
        {"apiKeys": ["canary", "canary2"], "next": "stays"},
        {"argv": ["tool", "--token", "canary", "stays"]},
        {"device_token": "canary", "accessToken": "canary"},
        {"deep": json.dumps({"deeper": json.dumps({"secret": "canary"})})},
    ],
    ids=lambda value: next(iter(value)),
)
def test_the_value_of_a_secret_name_is_gone(value: Any) -> None:
    after = json.dumps(through(value))
    assert "canary" not in after
    assert ("stays" in after) == ("stays" in json.dumps(value))


def test_a_number_is_hidden_for_one_secret_and_kept_for_a_count() -> None:
    value = {"password": 12345678, "totalTokens": 12345678, "tokens": 5, "pin": [1]}
    assert through(value) == {**value, "password": 0}


@pytest.mark.parametrize("known", [KNOWN, "a" * 40, "with space", "ünï-cödé", "tab\there"])
def test_the_known_secret_is_gone_wherever_it_stands(known: str) -> None:
    value = {
        "text": f"before {known} after",
        known: "as a name",
        "list": [known, [known]],
        "line": json.dumps({"0": f"x{known}y"}),
    }
    for ascii_only in (True, False):
        raw = disguise(known).json(json.dumps(value, ensure_ascii=ascii_only).encode())
        after = json.loads(raw)
        assert known not in "".join([*after, after["text"], str(after["list"])])
        assert known not in json.loads(after["line"])["0"]


def test_the_known_secret_is_found_behind_escapes_of_plain_letters() -> None:
    raw = b'{"a":"x \\u0068unter2-long y"}'
    assert "hunter2" not in json.loads(disguise("hunter2-long").json(raw))["a"]


def test_equal_secrets_stay_equal_and_different_ones_different() -> None:
    first, again, other = (
        through({"c": f"deploy --token {secret}"})["c"] for secret in ("aaaa1", "aaaa1", "bbbb2")
    )
    assert first == again != other


def test_two_tapes_tell_nothing_about_each_other() -> None:
    raw = b'{"c":"token=aaaa1"}'
    assert Disguise(None).json(raw) != Disguise(None).json(raw)


def test_a_text_that_is_no_string_is_replaced_whole() -> None:
    raw = b'{"c":"token=\xff\xfeaaaa1"}'
    after = disguise().json(raw)
    assert b"aaaa1" not in after
    json.loads(after)


@given(st.binary(max_size=80))
def test_bytes_that_are_no_json_never_raise(raw: bytes) -> None:
    disguise("sk-known").json(b'"token' + raw)
