"""The page of one incident: what it is, how we know, what it is not, and the ways out."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from clawtop.incidents.incident import Act, Incident, Remedy, Severity
from clawtop.incidents.ways import remedies
from clawtop.picture.store import Store
from clawtop.remedies.steps import Step
from clawtop.screen.page import Page
from clawtop.screen.standing import WORDS, Standing, since_text
from clawtop.text import age, mask, utc

STARTS = (Act.RELEASE, Act.CANCEL_TASK)  # what X starts
REFUSES = (Act.DENY_COPIES, Act.DROP_EVENT)  # what N starts


def first_way(found: Sequence[Remedy]) -> Remedy | None:
    """The way out that X starts: the least destructive one that can be used now. What reaches
    beyond the session is never the first: it wants to be chosen by its number."""
    return next((one for one in startable(found) if one.step != Step.RESTART), None)


def startable(found: Sequence[Remedy]) -> list[Remedy]:
    """The ways out that clawtop can start now, as they are numbered."""
    return [one for one in found if one.act in STARTS and one.available]


def incident_page(incident: Incident, standing: Standing) -> Text:
    """Everything known of one incident."""
    store = standing.engine.store
    word = WORDS[Severity(incident.severity)]
    page = Page(f"{word}  {incident.name}  {incident.id}")
    if incident.key not in standing.engine.open:
        page.line("  it is over: this is how it was last seen", "bold")
    page.line(f"  {_masked(incident.summary)}")
    page.field("session", incident.session_key or "no single session")
    if incident.run_id:
        page.field("run", incident.run_id)
    page.field("since", _since(incident, store.now_ms))
    page.field("certainty", incident.certainty)
    left = standing.mutes.left_ms(incident.key, store.now_ms)
    if left is not None:
        page.field("muted", f"{age(left)} more", "z lifts it; it ends early if this gets worse")
    _list(page, "EVIDENCE", incident.evidence)
    _ways(page, remedies(incident, store))
    _list(page, "RULED OUT", incident.ruled_out)
    if incident.references:
        page.section("SEEN ELSEWHERE")
        page.line(f"  openclaw {', '.join(incident.references)}")
    return page.text


def incident_keys(incident: Incident, found: Sequence[Remedy]) -> list[str]:
    """What the keys do on its page: those that have something to do."""
    usable = startable(found)
    keys = ["X first way out"] if first_way(found) is not None else []
    keys += ["1-9 the others"] if len(usable) > len(keys) else []
    keys += ["K abort the run"] if incident.session_key or usable else []
    keys += ["N say no"] if any(one.act in REFUSES for one in found) else []
    return [*keys, "z mute", "l log lines", "c copy"]


def _since(incident: Incident, now_ms: int) -> str | None:
    if incident.since_ms is None:
        return None
    return f"{since_text(incident, now_ms)}, since {utc(incident.since_ms)}"


def _masked(text: str) -> str:
    return mask(text)[0]


def _list(page: Page, title: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    page.section(title)
    for line in lines:
        page.line(f"  - {_masked(line)}")


def _ways(page: Page, found: Sequence[Remedy]) -> None:
    page.section("WAYS OUT, least destructive first")
    if not found:
        page.line("  none is known")
    for one in sorted(found, key=lambda one: not one.available):
        _way(page, one, _key(one, found))


def _key(one: Remedy, found: Sequence[Remedy]) -> str:
    """The key that starts it: X the first, the others by their number."""
    if one.act in REFUSES and one.available:
        return "N"
    if one is first_way(found):
        return "X"
    numbered = startable(found)
    return str(numbered.index(one) + 1) if one in numbered[:9] else " "


def _way(page: Page, one: Remedy, key: str) -> None:
    if one.act == Act.ADVICE:
        page.line(f"    {_masked(one.label)}")
        return
    if not one.available:
        page.line(f"    {one.step}  no: {one.why_not}", "dim")
        return
    page.line(f"  {key} {one.step}  {one.label}", "bold")
    for loss in one.loses:
        page.line(f"      loses   {_masked(loss)}")
    page.line(f"      sends   {', '.join(one.calls) or 'nothing; it only watches'}")
    if one.needs:
        page.line(f"      needs   {', '.join(one.needs)}")
    if one.command:
        page.line(f"      shell   {one.command}")


def incidents_section(page: Page, found: Sequence[Incident], store: Store) -> None:
    """The incidents of the session that another page is about."""
    if not found:
        return
    page.section("INCIDENTS (0 for the page of each)")
    for one in found:
        word = WORDS[Severity(one.severity)]
        head = f"{word} {one.name} ({one.id})"
        page.line(f"  {head}  {since_text(one, store.now_ms)}  {one.certainty}", "bold")
        page.line(f"    {_masked(one.summary)}")
