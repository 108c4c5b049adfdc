"""``logs KEY`` asks about that session, however many others are held."""

from __future__ import annotations

from tests.cli.shell import Served

KEY = "agent:main:telegram:dm:42"
OTHERS = 30


def test_no_other_session_is_looked_at_closely(september: Served) -> None:
    for number in range(OTHERS):
        september.do(lambda gateway, number=number: gateway.world.leak(f"agent:main:dm:{number}"))
    september.do(lambda gateway: gateway.world.leak(KEY))
    september.do(lambda gateway: gateway.world.log(f"stuck session: sessionKey={KEY}", "WARN"))
    ran = september.run("logs", KEY)
    assert ran.code == 0
    assert KEY in ran.out
    asked = september.do(lambda gateway: gateway.seen("chat.history"))
    assert [seen.params["sessionKey"] for seen in asked][:1] == [KEY]
    assert len(asked) <= 2


def test_a_session_that_no_line_is_about_is_said(september: Served) -> None:
    ran = september.run("logs", "agent:main:nosuch")
    assert (ran.code, ran.out) == (0, "")
    assert "no line of the log that can still be read is about agent:main:nosuch" in ran.sentence()
    assert "in the last 5m" in september.run("logs", KEY, "--since", "5m").sentence()
