"""Why a gateway turned us away: a sentence with the next step, and whether to try again."""

from typing import Any

import pytest

from clawtop.errors import PairingError, SignInError
from clawtop.gateway.find import Target
from clawtop.gateway.frames import STRANGE_GREETING, ErrorBody
from clawtop.gateway.refusals import not_a_gateway, of_close, of_connect, of_status
from clawtop.gateway.secret import Secret

TARGET = Target(
    "ws://127.0.0.1:18789", "edge-1", Secret("token", "hunter2-secret"), "--url", "--token-file"
)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AUTH_TOKEN_MISMATCH", "refused the secret"),
        ("AUTH_TOKEN_MISSING", "wants a secret"),
        ("AUTH_SCOPE_MISMATCH", "--read-only"),
        ("PROTOCOL_MISMATCH", "another protocol"),
        ("DEVICE_IDENTITY_REQUIRED", "--token-file"),
    ],
)
def test_known_refusals_are_explained_and_not_retried(code: str, words: str) -> None:
    error = of_connect(ErrorBody("INVALID_REQUEST", "no", {"code": code}), TARGET)
    assert isinstance(error, SignInError)
    assert words in error.sentence()
    assert error.code == code.lower()
    assert error.exit_code == 3
    assert "127.0.0.1:18789" in error.message


def test_a_greeting_that_is_not_understood_is_no_refusal() -> None:
    error = of_connect(ErrorBody(STRANGE_GREETING), TARGET)
    assert isinstance(error, SignInError), "the next greeting would be no other one"
    assert error.message == "the greeting of the gateway at 127.0.0.1:18789 was not understood"


def test_a_refused_secret_names_where_it_came_from_and_never_the_secret() -> None:
    error = of_connect(ErrorBody("X", "no", {"code": "AUTH_TOKEN_MISMATCH"}), TARGET)
    assert error.next_step == "Check the secret from --token-file"
    assert "hunter2" not in error.sentence()


@pytest.mark.parametrize("details", [None, [], "x", {"code": 5}, {"code": "NEW_WORD"}, {}])
def test_an_unknown_refusal_gives_the_gateways_words_made_plain(details: Any) -> None:
    error = of_connect(ErrorBody("X", "bad \x1b[2J" + "y" * 500, details), TARGET)
    assert isinstance(error, SignInError)
    assert "bad \\x1b[2J" in error.message
    assert len(error.message) < 300


def test_a_starting_gateway_is_tried_again() -> None:
    error = of_connect(ErrorBody("UNAVAILABLE", "later", {"reason": "startup-sidecars"}), TARGET)
    assert not isinstance(error, SignInError)
    assert error.code == "starting"


@pytest.mark.parametrize(
    ("code", "reason", "fatal", "word"),
    [
        (1000, "", False, "closed"),
        (1001, "", False, "closed"),
        (1002, "protocol mismatch", True, "sign_in"),
        (1002, "", False, "closed"),
        (1002, "reserved bits must be 0", False, "closed"),
        (1006, "", False, "closed"),
        (1008, "unauthorized", True, "sign_in"),
        (1008, "slow consumer", False, "slow"),
        (1008, "gateway message handler loading", False, "starting"),
        (1012, "service restart", False, "restarting"),
        (1013, "try later", False, "starting"),
        (4001, "auth changed", True, "auth_changed"),
        (4001, "client invalidated: device-token-rotated", True, "device_removed"),
        (4001, "client invalidated: gateway-policy-changed", False, "policy"),
        (4001, "client invalidated: operator-access-closed", True, "auth_changed"),
        (4001, "operator role changed", False, "policy"),
        (4000, "", False, "closed"),
        (None, "", False, "closed"),
    ],
)
def test_each_close_says_whether_trying_again_helps(
    code: int | None, reason: str, fatal: bool, word: str
) -> None:
    error = of_close(code, reason, TARGET)
    assert isinstance(error, SignInError) is fatal
    assert error.code == word
    assert error.exit_code == 3


def test_a_close_reason_is_untrusted_text() -> None:
    error = of_close(1000, "\x1b]0;owned\x07" + "z" * 500, TARGET)
    assert "\x1b" not in error.message
    assert len(error.message) < 300


def test_http_instead_of_a_link() -> None:
    assert of_status(503, TARGET).code == "draining"
    assert of_status(200, TARGET).code == "not_a_gateway"
    assert "(HTTP 404)" in of_status(404, TARGET).message
    assert "Check the address" in not_a_gateway(TARGET).next_step


REQUEST = "728a3340-1f5a-4c5b-9590-6956d57c5b8b"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("not-paired", "waits for a person to approve this device for operator.read"),
        ("scope-upgrade", "has approved this device for less than operator.read"),
        ("role-upgrade", "took back what this device was approved for"),
        ("something new", "waits for a person to approve this device for operator.read"),
        (None, "waits for a person"),
        (7, "waits for a person"),
    ],
)
def test_a_device_that_has_to_be_approved_is_told_the_exact_command(
    reason: object, words: str
) -> None:
    details = {
        "code": "PAIRING_REQUIRED",
        "reason": reason,
        "requestId": REQUEST,
        "requestedScopes": ["operator.read"],
    }
    error = of_connect(ErrorBody("NOT_PAIRED", "pairing required", details), TARGET)
    assert isinstance(error, PairingError)
    assert (error.request_id, error.code, error.exit_code) == (REQUEST, "pairing_required", 3)
    assert words in error.message
    assert error.next_step.startswith(f"On its host: openclaw devices approve {REQUEST}")


def test_scopes_of_a_hostile_gateway_are_escaped_and_cut() -> None:
    details = {"code": "PAIRING_REQUIRED", "requestedScopes": ["\x1b[2J{0}", 7, "x" * 900]}
    error = of_connect(ErrorBody("NOT_PAIRED", "no", details), TARGET)
    assert error.message.isprintable()
    assert "{0}" in error.message
    assert len(error.message) < 400
    assert error.next_step == "On its host: openclaw devices list"


@pytest.mark.parametrize(
    ("reason", "code"), [("device removed", "device_removed"), ("auth changed", "auth_changed")]
)
def test_a_device_that_is_turned_out_is_told_so(reason: str, code: str) -> None:
    error = of_close(4001, reason, TARGET)
    assert isinstance(error, SignInError)
    assert error.code == code
