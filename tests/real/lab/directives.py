"""The words in a prompt that tell the fake model what to do, and chat messages to find them in.

A test reads like a sentence: ``chat.send`` with ``please [[hang]]``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PLAIN_ANSWER = "Hello from the lab model."
EXEC_AGAIN_DEFAULT = 50
"""How often ``[[exec-again:COMMAND]]`` repeats without a number: an end, but a far one."""

_DIRECTIVE = re.compile(
    r"\[\[(answer|hang|stall|drip|[45]\d\d|exec-again|exec)(?::(.*?))?\]\]", re.DOTALL
)
_INTERNAL = "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>"
_COUNTED = re.compile(r"(\d+):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Directive:
    """What the newest user message asks for.

    ``kind`` is answer, hang, stall, drip, fail or exec. ``text`` is the answer or the command;
    ``seconds`` the length of a drip; ``times`` how many exec calls before "done"; ``status``
    the HTTP status of a failure.
    """

    kind: str
    text: str = ""
    seconds: float = 0.0
    times: int = 0
    status: int = 0


def newest_user(messages: Sequence[Mapping[str, object]]) -> tuple[str, int]:
    """Text of the newest user message, and how many tool results came after it."""
    results = 0
    for message in reversed(messages):
        if message.get("role") == "tool":
            results += 1
        elif message.get("role") == "user":
            text = _text(message.get("content"))
            # 9.6 adds a message of its own behind the person's: not what was asked.
            if not text.startswith(_INTERNAL):
                return text, results
    return "", results


def _text(content: object) -> str:
    """Join the text parts of a chat message; content is a string or a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part.get("text") for part in content if isinstance(part, dict)]
    return "\n".join(part for part in parts if isinstance(part, str))


def decide(text: str, provider: str) -> Directive:
    """The directive in that text as seen by one provider.

    The last one wins: a gateway puts older lines (queued messages, events) in front.
    ``[[500:a]]`` fails on provider ``a`` only, which shows failover; any 4xx or 5xx will do.
    """
    found = _DIRECTIVE.findall(text)
    if not found:
        return Directive("answer", PLAIN_ANSWER)
    kind, argument = found[-1]
    if kind.isdigit():
        here = argument in ("", provider)
        return Directive("fail", status=int(kind)) if here else Directive("answer", PLAIN_ANSWER)
    if kind == "drip":
        return Directive(kind, seconds=_seconds(argument))
    if kind == "exec":
        return Directive(kind, argument, times=1)
    if kind == "exec-again":
        return _exec_again(argument)
    return Directive(kind, argument or PLAIN_ANSWER)


def _seconds(argument: str) -> float:
    try:
        return max(0.0, float(argument))
    except ValueError:
        return 10.0


def _exec_again(argument: str) -> Directive:
    counted = _COUNTED.fullmatch(argument)
    if counted:
        return Directive("exec", counted[2], times=int(counted[1]))
    return Directive("exec", argument, times=EXEC_AGAIN_DEFAULT)
