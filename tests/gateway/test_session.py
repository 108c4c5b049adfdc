"""The protocol without a socket: literal frames in, literal frames out, a clock handed in."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from clawtop.errors import NotAllowedError
from clawtop.gateway import frames
from clawtop.gateway.methods import ACTING, READ_METHODS
from clawtop.gateway.session import (
    DEAD_AFTER_S,
    HANDSHAKE_S,
    Answered,
    Challenged,
    Client,
    Expired,
    Opened,
    Pushed,
    Refused,
    Secret,
    Session,
    State,
)

CLIENT = Client("0.1.0", "linux", "clawtop", "instance-1")
SECRET = Secret("token", "hunter2-hunter2")
CHALLENGE = (
    '{"type":"event","event":"connect.challenge","payload":{"nonce":"n","ts":1790000000000}}'
)
HELLO = (
    '{"type":"res","id":"1","ok":true,"payload":{"type":"hello-ok","protocol":4,"new":{},'
    '"server":{"version":"2026.9.6","connId":"c","bootId":"b"},'
    '"features":{"methods":["status"],"events":["tick"],"capabilities":["x"]},'
    '"snapshot":{"presence":[],"uptimeMs":1234,"suspension":{"phase":"accepting"},'
    '"sessionDefaults":{"mainSessionKey":"agent:main:main"}},'
    '"auth":{"role":"operator","scopes":["operator.read"],"deviceToken":"keep-out"},'
    '"policy":{"maxPayload":1,"tickIntervalMs":30000}}}'
)


def session(
    *, secret: Secret | None = SECRET, allow: frozenset[str] = READ_METHODS, now: float = 100.0
) -> Session:
    return Session(CLIENT, secret, ("operator.read",), allow=allow, now=now)


def opened(*, allow: frozenset[str] = READ_METHODS, hello: str = HELLO) -> Session:
    one = session(allow=allow)
    one.receive(CHALLENGE, 100.0)
    assert isinstance(one.receive(hello, 100.5), Opened)
    one.data_to_send()
    return one


def sent(one: Session) -> list[dict[str, Any]]:
    return [json.loads(data) for data in one.data_to_send()]


def event(name: str, seq: int | None = None, payload: Any = None) -> str:
    frame = {"type": "event", "event": name, "payload": payload}
    return json.dumps(frame if seq is None else frame | {"seq": seq})


def answer(frame_id: str, payload: Any = None) -> str:
    return json.dumps({"type": "res", "id": frame_id, "ok": True, "payload": payload})


# -- handshake


def test_nothing_is_sent_before_the_challenge() -> None:
    assert session().data_to_send() == []


def test_the_challenge_is_answered_with_exactly_this_connect() -> None:
    one = session()
    assert one.receive(CHALLENGE, 100.0) == Challenged(1790000000000)
    assert sent(one) == [
        {
            "type": "req",
            "id": "1",
            "method": "connect",
            "params": {
                "minProtocol": 3,
                "maxProtocol": 4,
                "client": {
                    "id": "gateway-client",
                    "mode": "backend",
                    "version": "0.1.0",
                    "platform": "linux",
                    "displayName": "clawtop",
                    "instanceId": "instance-1",
                },
                "role": "operator",
                "scopes": ["operator.read"],
                "caps": [],
                "auth": {"token": "hunter2-hunter2"},
            },
        }
    ]
    assert one.data_to_send() == [], "frames are handed out once"


def test_a_password_goes_into_its_own_field_and_no_secret_sends_no_auth() -> None:
    one = session(secret=Secret("password", "pw"))
    one.receive(CHALLENGE, 100.0)
    assert sent(one)[0]["params"]["auth"] == {"password": "pw"}
    bare = session(secret=None)
    bare.receive(CHALLENGE, 100.0)
    assert "auth" not in sent(bare)[0]["params"]


def test_a_greeting_opens_the_session() -> None:
    one = session()
    one.receive(CHALLENGE, 100.0)
    done = one.receive(HELLO, 100.5)
    assert isinstance(done, Opened)
    assert one.state is State.OPEN
    assert done.hello.server.version == "2026.9.6"
    assert done.hello.auth.scopes == ["operator.read"]
    assert done.hello.snapshot.session_defaults is not None
    assert done.hello.snapshot.session_defaults.main_session_key == "agent:main:main"


def test_a_refusal_closes_it_with_the_gateways_reason() -> None:
    one = session()
    one.receive(CHALLENGE, 100.0)
    refusal = one.receive(
        '{"type":"res","id":"1","ok":false,"error":{"code":"INVALID_REQUEST","message":"bad",'
        '"details":{"code":"AUTH_TOKEN_MISMATCH"}}}',
        100.5,
    )
    assert isinstance(refusal, Refused)
    assert refusal.error.details == {"code": "AUTH_TOKEN_MISMATCH"}
    assert one.state is State.CLOSED


@pytest.mark.parametrize("payload", ['{"protocol":"four"}', "[]", '{"features":{"methods":7}}'])
def test_a_greeting_that_cannot_be_read_opens_nothing(payload: str) -> None:
    one = session()
    one.receive(CHALLENGE, 100.0)
    refusal = one.receive(f'{{"type":"res","id":"1","ok":true,"payload":{payload}}}', 100.5)
    assert isinstance(refusal, Refused)
    assert refusal.error.code == frames.STRANGE_GREETING


@pytest.mark.parametrize("part", ["server", "features", "snapshot", "auth", "policy"])
@pytest.mark.parametrize("inside", [False, True], ids=["null", "nulls inside"])
def test_what_is_null_in_a_greeting_is_missing_and_no_more(part: str, inside: bool) -> None:
    hello = json.loads(HELLO)
    whole = frames.decode_hello(Raw(json.dumps(hello["payload"]).encode()))
    given = hello["payload"][part]
    hello["payload"][part] = dict.fromkeys(given) if inside else None
    told = opened_with(hello)
    assert getattr(told, part) == getattr(frames.Hello(), part) != getattr(whole, part)
    for other in {"server", "features", "auth"} - {part}:
        assert getattr(told, other) == getattr(whole, other)


def opened_with(hello: dict[str, Any]) -> frames.Hello:
    one = session()
    one.receive(CHALLENGE, 100.0)
    done = one.receive(json.dumps(hello), 100.5)
    assert isinstance(done, Opened)
    return done.hello


def test_an_event_before_the_greeting_is_not_for_us() -> None:
    one = session()
    assert one.receive(event("tick"), 100.0) is None
    assert one.state is State.WAIT_CHALLENGE
    one.receive(CHALLENGE, 100.0)
    assert one.receive(event("tick", 1), 100.1) is None
    assert one.receive(CHALLENGE, 100.2) is None, "a second challenge is not answered again"
    assert len(one.data_to_send()) == 1


@pytest.mark.parametrize("ts", ['"soon"', "[]", "{}"])
def test_an_unreadable_challenge_is_counted_and_not_answered(ts: str) -> None:
    one = session()
    one.receive(f'{{"type":"event","event":"connect.challenge","payload":{{"ts":{ts}}}}}', 100.0)
    assert one.unreadable == 1
    assert one.data_to_send() == []


# -- requests and answers


def test_requests_are_numbered_and_answered_by_number_in_any_order() -> None:
    one = opened()
    first = one.request("status", {}, 101.0, 10)
    second = one.request("sessions.list", {"limit": 2}, 101.0, 10)
    assert [(frame["id"], frame["method"], frame["params"]) for frame in sent(one)] == [
        ("2", "status", {}),
        ("3", "sessions.list", {"limit": 2}),
    ]
    late = one.receive(answer(second, {"sessions": []}), 103.0)
    assert isinstance(late, Answered)
    assert (late.method, late.took_s, late.error) == ("sessions.list", 2.0, None)
    early = one.receive(answer(first), 104.0)
    assert isinstance(early, Answered)
    assert early.method == "status"


def test_a_second_answer_to_one_request_is_ignored() -> None:
    one = opened()
    frame_id = one.request("status", {}, 101.0, 10)
    assert one.receive(answer(frame_id), 102.0) is not None
    assert one.receive(answer(frame_id), 102.1) is None
    assert one.receive(answer("77"), 102.2) is None


def test_a_request_expires_at_its_deadline_and_a_late_answer_is_ignored() -> None:
    one = opened()
    frame_id = one.request("status", {}, 101.0, 10)
    assert one.expire(110.999) == []
    assert one.expire(111.0) == [Expired(frame_id, "status", 10.0)]
    assert one.expire(200.0) == []
    assert one.receive(answer(frame_id), 111.5) is None


def test_the_next_deadline_is_the_nearest_one() -> None:
    one = opened()
    assert one.next_deadline() == 100.5 + 60
    one.request("status", {}, 101.0, 10)
    one.request("sessions.list", {}, 101.0, 5)
    assert one.next_deadline() == 106.0


def test_an_error_answer_carries_its_details_as_an_object() -> None:
    one = opened()
    frame_id = one.request("sessions.list", {}, 101.0, 10)
    frame = {
        "type": "res",
        "id": frame_id,
        "ok": False,
        "error": {
            "code": "UNAVAILABLE",
            "message": "busy",
            "retryable": True,
            "retryAfterMs": 250,
            "details": {"reason": "still-active", "more": [1]},
        },
    }
    got = one.receive(json.dumps(frame), 102.0)
    assert isinstance(got, Answered)
    assert got.error is not None
    assert (got.error.code, got.error.retry_after_ms) == ("UNAVAILABLE", 250)
    assert got.error.details == {"reason": "still-active", "more": [1]}


@pytest.mark.parametrize("error", ['"just a text"', "null", "7", '{"code":5}'])
def test_an_error_of_another_shape_is_still_an_error(error: str) -> None:
    one = opened()
    frame_id = one.request("status", {}, 101.0, 10)
    got = one.receive(f'{{"type":"res","id":"{frame_id}","ok":false,"error":{error}}}', 102.0)
    assert isinstance(got, Answered)
    assert got.error is not None


def test_what_is_open_when_the_link_breaks_is_named() -> None:
    one = opened()
    one.request("status", {}, 101.0, 10)
    one.request("sessions.list", {}, 101.0, 10)
    assert one.close() == [("2", "status"), ("3", "sessions.list")]
    assert one.state is State.CLOSED
    assert one.close() == []


# -- the allow-list, where frames are made


@settings(deadline=None, max_examples=60)
@given(st.one_of(st.sampled_from(sorted(ACTING)), st.text(max_size=20)))
def test_the_watching_link_cannot_send_anything_but_reading(method: str) -> None:
    one = opened()
    if method in READ_METHODS:
        return
    with pytest.raises(NotAllowedError, match="does not send"):
        one.request(method, {}, 101.0, 10)
    assert one.data_to_send() == []


@pytest.mark.parametrize("method", [*sorted(READ_METHODS), *sorted(ACTING)])
def test_an_acting_link_sends_its_own_method_and_reading_only(method: str) -> None:
    one = opened(allow=READ_METHODS | {"sessions.abort"})
    if method in READ_METHODS or method == "sessions.abort":
        one.request(method, {}, 101.0, 10)
        assert sent(one)[0]["method"] == method
        return
    with pytest.raises(NotAllowedError):
        one.request(method, {}, 101.0, 10)


def test_nothing_is_asked_before_the_greeting_or_after_the_end() -> None:
    one = session()
    with pytest.raises(RuntimeError):
        one.request("status", {}, 100.0, 10)
    over = opened()
    over.close()
    with pytest.raises(RuntimeError):
        over.request("status", {}, 101.0, 10)


# -- events and gaps


def missed(one: Session, frame: str) -> int:
    got = one.receive(frame, 101.0)
    assert isinstance(got, Pushed)
    return got.missed


def test_a_gap_in_the_numbers_says_how_many_were_dropped() -> None:
    one = opened()
    assert missed(one, event("tick", 5)) == 0, "the first number is where we came in"
    assert missed(one, event("tick", 6)) == 0
    assert missed(one, event("tick", 9)) == 2
    assert missed(one, event("tick", 10)) == 0


def test_frames_without_a_number_neither_make_nor_hide_a_gap() -> None:
    one = opened()
    missed(one, event("tick", 1))
    assert missed(one, event("sessions.changed")) == 0
    assert missed(one, event("tick", 2)) == 0
    assert missed(one, event("sessions.changed")) == 0
    assert missed(one, event("tick", 4)) == 1


def test_a_number_that_goes_back_is_no_gap() -> None:
    one = opened()
    missed(one, event("tick", 10))
    assert missed(one, event("tick", 3)) == 0


def test_an_event_keeps_its_payload_raw() -> None:
    got = opened().receive(event("tick", 1, {"ts": 5}), 101.0)
    assert isinstance(got, Pushed)
    assert json.loads(bytes(got.payload)) == {"ts": 5}


@settings(deadline=None, max_examples=80)
@given(st.one_of(st.binary(max_size=60), st.text(max_size=60)))
def test_noise_is_counted_and_never_raised(noise: bytes | str) -> None:
    one = opened()
    before = one.unreadable
    got = one.receive(noise, 101.0)
    assert got is None
    assert one.unreadable in (before, before + 1)
    one.request("status", {}, 102.0, 10)


def test_deep_nesting_is_noise_too() -> None:
    one = opened()
    assert one.receive('{"type":"event","payload":' + "[" * 100_000, 101.0) is None
    assert one.unreadable == 1


# -- time


def test_two_ticks_without_a_frame_is_a_dead_link() -> None:
    one = opened()
    one.receive(event("tick", 1), 110.0)
    assert not one.is_dead(169.9)
    assert one.is_dead(170.0)


def test_any_frame_even_noise_is_a_sign_of_life() -> None:
    one = opened()
    one.receive(b"\xff\xfe", 150.0)
    assert not one.is_dead(200.0)


@pytest.mark.parametrize(("tick", "limit"), [(10_000, 20.0), (100, 5.0), (0, DEAD_AFTER_S)])
def test_the_gateways_own_tick_sets_the_limit(tick: int, limit: float) -> None:
    one = opened(hello=HELLO.replace('"tickIntervalMs":30000', f'"tickIntervalMs":{tick}'))
    assert not one.is_dead(100.5 + limit - 0.01)
    assert one.is_dead(100.5 + limit)


def test_a_handshake_that_stands_still_is_dead_after_its_own_limit() -> None:
    one = session()
    assert not one.is_dead(100.0 + HANDSHAKE_S - 0.01)
    one.receive(CHALLENGE, 110.0)
    assert one.is_dead(100.0 + HANDSHAKE_S), "a challenge alone does not extend it"


# -- secrets


def test_a_secret_is_never_shown() -> None:
    assert "hunter2" not in repr(SECRET)
    assert "hunter2" not in str(SECRET)
    assert "hunter2" not in f"{SECRET!r:>40}"
    assert "hunter2" not in repr(session())


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (r"cut \ud83d", "cut \ufffd"),
        (r"\udc00\ud83d\ude00", "\ufffd\U0001f600"),
        (r"\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
        (r"\\ud83d \ud83d", "\\ud83d \ufffd"),
    ],
)
def test_half_a_character_does_not_hide_the_frame(sent: str, read: str) -> None:
    session = opened()
    frame = '{"type":"event","event":"heartbeat","payload":{"reason":"' + sent + '"}}'
    event = session.receive(frame.encode(), 1.0)
    assert isinstance(event, Pushed)
    assert json.loads(bytes(event.payload)) == {"reason": read}
    assert session.unreadable == 0
