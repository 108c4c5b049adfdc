"""Words and numbers for people: nothing hostile gets through, nothing harmless gets masked."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawtop.errors import UsageError
from clawtop.text import MASK, age, count, duration_ms, iso, mask, plain, utc

HOSTILE = "".join(
    [
        *map(chr, range(0x20)),
        *map(chr, range(0x7F, 0xA0)),
        "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u00ad",
        "\u2028\u2029\ud800\udfff\ue000\U000e0001\U000f0000\u0378",
    ]
)


def unseen(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


# -- plain


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(), st.text(alphabet=HOSTILE + "ab é日😀")))
def test_nothing_that_cannot_be_seen_gets_through(text: str) -> None:
    shown = plain(text)
    assert not any(unseen(char) for char in shown)
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")


@pytest.mark.parametrize("char", HOSTILE)
def test_each_hostile_character_becomes_a_visible_escape(char: str) -> None:
    shown = plain(f"a{char}b")
    assert shown.isascii()
    assert shown.startswith("a\\")
    assert shown.endswith("b")


@settings(deadline=None, max_examples=100)
@given(st.text())
def test_making_plain_twice_is_making_plain_once(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize("text", ["", "plain words", "naïve café", "日本語 ünïcode", "😀", "a\\nb"])
def test_what_can_be_seen_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_escapes_are_the_ones_people_know() -> None:
    assert plain("a\tb\nc\rd") == "a\\tb\\nc\\rd"
    assert plain("\x1b[2J\x9b") == "\\x1b[2J\\x9b"
    assert plain("\u202e\U000e0001") == "\\u202e\\U000e0001"


# -- mask

SECRETS = {
    "API_KEY=sk-ant-abc123def456": "sk-ant-abc123def456",
    "export OPENAI_API_KEY='sk-proj-0123456789'": "sk-proj-0123456789",
    'curl -H "Authorization: Bearer abcdefghij123"': "abcdefghij123",
    "Authorization: Basic dXNlcjpwYXNzd29yZA==": "dXNlcjpwYXNzd29yZA==",
    "bearer abcdef.ghijk-123": "abcdef.ghijk-123",
    "psql postgres://ada:hunter22@db/prod": "hunter22",
    "git clone https://x-access-token:ghp_abcdefgh1234@github.com/a/b": "ghp_abcdefgh1234",
    "mysql --password=hunter22 -u root": "hunter22",
    "mysql --password hunter22": "hunter22",
    "tool --api-key abcd1234": "abcd1234",
    "tool -token abcd1234": "abcd1234",
    '{"client_secret": "abcd1234"}': "abcd1234",
    "DB_PASSWD=hunter22": "hunter22",
    "password: hunter22": "hunter22",
    "AKIAIOSFODNN7EXAMPLE": "AKIAIOSFODNN7EXAMPLE",
    "xoxb-1234-5678-abcd": "xoxb-1234-5678-abcd",
    "ghp_abcdefghijklmnop": "ghp_abcdefghijklmnop",
    "github_pat_11ABCDEFG0abcdef": "github_pat_11ABCDEFG0abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.c2ln": "eyJhbGciOiJIUzI1NiJ9",
    "AIzaSyA1234567890abcdefghijk": "AIzaSyA1234567890abcdefghijk",
}


@pytest.mark.parametrize("text", SECRETS)
def test_what_is_shaped_like_a_secret_is_masked(text: str) -> None:
    shown, masked = mask(f"run {text} now")
    assert masked
    assert SECRETS[text] not in shown
    assert MASK in shown
    assert shown.startswith("run ")
    assert shown.endswith(" now")


@pytest.mark.parametrize(
    "text",
    [
        "the token expired",
        "invalid token",
        "secret santa",
        "rotate the api key tomorrow",
        "basic auth is on",
        "a bearer of news",
        "git push origin main",
        "password reset for ada",
        "https://example.com:8443/path",
        "http://127.0.0.1:18789/",
        "cat token.txt | wc -l",
        "max_tokens",
        "task-42 is done",
        "ps aux | grep -E 'sk-|vllm' | tail -5",
        "--token-file /run/secret",
        "ssh ada@host",
        "",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert mask(text) == (text, False)


def test_every_secret_of_a_line_is_masked_and_the_names_stay() -> None:
    shown, _ = mask("TOKEN=aaaabbbb PASSWORD=ccccdddd ls https://u:eeeeffff@h/")
    assert shown == "TOKEN=*** PASSWORD=*** ls https://u:***@h/"


@settings(deadline=None, max_examples=200)
@given(st.text())
def test_masking_never_raises_and_says_whether_it_did(text: str) -> None:
    shown, masked = mask(text)
    assert masked == (shown != text)


HOSTILE_SHAPES = (
    "token",
    "secret_",
    "a-",
    "-",
    "--",
    " -a",
    "a",
    "x://",
    "x://a:",
    "eyJ-",
    "eyJ",
    "bearer ",
    "token ",
    "token=",
    "sk-",
    "-token",
    "token:'",
    " ",
    "@",
)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("shape", HOSTILE_SHAPES)
def test_no_hostile_text_makes_masking_hang(shape: str) -> None:
    """Two hundred thousand characters: a blink where the cost is linear, minutes where not."""
    shown, masked = mask(shape * (200_000 // len(shape)))
    assert masked or len(shown) > 190_000


# -- durations


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("90s", 90_000),
        ("10m", 600_000),
        ("2h", 7_200_000),
        ("1d", 86_400_000),
        ("250ms", 250),
        ("5", 5_000),
        ("0", 0),
        ("1.5s", 1_500),
        (" 3s ", 3_000),
        ("366d", 366 * 86_400_000),
    ],
)
def test_durations_of_the_command_line(text: str, ms: int) -> None:
    assert duration_ms(text) == ms


@pytest.mark.parametrize(
    "text",
    ["", "s", "-5s", "5 s", "5x", "1e3", "five", "5s5", "1.s", ".5", "367d", "9" * 400, "5\u202es"],
)
def test_what_is_no_duration_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        duration_ms(text)
    assert not any(unseen(char) for char in raised.value.sentence())
    assert raised.value.exit_code == 2


# -- ages


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59, "59s"),
        (60, "1m00s"),
        (250, "4m10s"),
        (599, "9m59s"),
        (600, "10m"),
        (1_020, "17m"),
        (3_599, "59m"),
        (3_600, "1h00m"),
        (7_620, "2h07m"),
        (86_399, "23h59m"),
        (86_400, "1d00h"),
        (273_600, "3d04h"),
    ],
)
def test_ages_in_at_most_two_units(seconds: int, text: str) -> None:
    assert age(seconds * 1000) == text
    assert age(seconds * 1000 + 999) == text
    assert age(seconds * 1000, at_least=True) == f"≥{text}"


def test_an_unknown_age_is_a_question_mark_and_a_negative_one_is_nothing() -> None:
    assert age(None) == "?"
    assert age(None, at_least=True) == "?"
    assert age(-5_000) == "0s"


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**12))
def test_no_age_is_wider_than_a_column(ms: int) -> None:
    assert len(age(ms, at_least=True)) <= 10
    assert sum(char.isalpha() for char in age(ms)) <= 2


# -- times and counts


def test_times_are_utc() -> None:
    assert utc(1_795_212_449_438) == "22:07:29Z"
    assert iso(1_795_212_449_038) == "2026-11-20T22:07:29.038Z"
    assert iso(0) == "1970-01-01T00:00:00.000Z"


def test_counts_agree_with_their_noun() -> None:
    assert count(0, "lock") == "0 locks"
    assert count(1, "lock") == "1 lock"
    assert count(2, "child", "children") == "2 children"


@pytest.mark.parametrize("ms", [-(10**30), -1, 253_402_300_800_000, 999_999_999_999_999, 10**30])
def test_a_time_that_no_calendar_has_is_its_first_or_last_day(ms: int) -> None:
    assert iso(ms)[:10] in ("1970-01-01", "9999-12-31")
    assert utc(ms) in ("00:00:00Z", "23:59:59Z")
