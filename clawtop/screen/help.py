"""The help page, from the one key table, and what the words of the rows mean."""

from __future__ import annotations

from clawtop.picture.records import Proof, Verdict
from clawtop.screen.keys import GROUPS, name_of
from clawtop.screen.reading import Reading

STATES = {
    Verdict.LEAKED: "held, and no owner will give it back",
    Verdict.STALE: "no progress for as long as --stale-after (10m)",
    Verdict.ABORTING: "an abort was asked, the release was not seen yet",
    Verdict.WAITING_APPROVAL: "its run waits until somebody answers",
    Verdict.WAITING_RETRY: "its run waits before it tries again",
    Verdict.QUIET: "no progress while clawtop watched, not long enough to say more",
    Verdict.WORKING: "progress was seen",
    Verdict.GHOST: "a row says running, but nothing holds the session",
    Verdict.UNKNOWN: "not enough was seen to say",
}
PROOFS = {
    Proof.PROVED: "the gateway shows it",
    Proof.LIKELY: "what was seen fits nothing else that is known",
    Proof.POSSIBLE: "it could also be something harmless",
}
ELSEWHERE = (
    "X, K, N and T ask before anything is sent. A key that cannot act now says why.",
    "On the page of a lock or an incident 1-9 start the way out of that number.",
    "≥ is a lower bound, ? is not known, - is absent. Selection is the record, not the row.",
    "filter: words, state:stale, agent:main, session:…, holder:rpc; ! before one: without it.",
)


class Help(Reading, inherit_bindings=False):
    """Esc closes it."""

    BINDINGS = Reading.BINDINGS

    def __init__(self) -> None:
        super().__init__(help_text())


def help_text() -> str:
    """Every key, and every word that a row may say."""
    lines: list[str] = []
    for title, group in GROUPS:
        lines += [title.upper(), *(f"  {name_of(key):<10} {key.what}" for key in group), ""]
    lines += [*ELSEWHERE, ""]
    for title, words in (("STATE OF A LOCK", STATES), ("PROOF", PROOFS)):
        told = (f"  {word.replace('_', ' '):<17} {what}" for word, what in words.items())
        lines += [title, *told, ""]
    return "\n".join(lines).rstrip()
