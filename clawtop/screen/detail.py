"""The texts of the detail view: everything known of one record, and the ways out of it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from clawtop.incidents.incident import Incident
from clawtop.picture.records import Approval, Lock, Recovery, SystemEvent
from clawtop.picture.store import Store
from clawtop.remedies.ladder import ladder
from clawtop.remedies.plan import ReleasePlan
from clawtop.remedies.steps import Offer
from clawtop.screen.dropping import drop_section
from clawtop.screen.incident_page import incidents_section
from clawtop.screen.page import Page
from clawtop.text import age, iso, mask, utc


def lock_page(lock: Lock, store: Store, incidents: Sequence[Incident] = ()) -> Text:
    """Everything known of one lock; ``incidents``: those of its session."""
    page = Page(f"{lock.verdict.upper()}  {lock.session_key}")
    now = store.now_ms
    page.field("verdict", lock.verdict, f"{lock.proof}")
    page.field("holder", lock.holder)
    page.field("run", lock.run_id)
    page.field("session id", lock.session_id)
    page.field("agent", lock.agent_id)
    page.field("held", _since(lock.since_ms, lock.age_is, now))
    page.field("idle", _since(lock.idle_since_ms, lock.idle_is, now))
    page.field("phase", lock.phase)
    if lock.in_lane is not None:
        page.field("lane", "its session lane is taken" if lock.in_lane else "free")
    least = "≥" if lock.waiting_is == "at_least" else ""
    waiting = None if lock.waiting is None else f"{least}{lock.waiting}"
    page.field("waiting", waiting, store.coverage()["waiting"].why or "")
    if lock.children:
        page.field("children", ", ".join(lock.children))
    incidents_section(page, incidents, store)
    page.section("HOW WE KNOW")
    for why in lock.why:
        page.line(f"  {why}")
    _waiting(page, lock, store)
    _approvals_of(page, lock, store)
    page.section("WAYS OUT, least destructive first")
    offers = ladder(lock, store)
    offered = [offer for offer in offers if offer.available]
    for offer in offers:
        number = offered.index(offer) + 1 if offer.available else None
        _offer(page, lock, offer, store, number)
    return page.text


def _since(since_ms: int | None, exactness: str, now_ms: int) -> str | None:
    if since_ms is None:
        return None
    passed = age(now_ms - since_ms, at_least=exactness == "at_least")
    return f"{passed}, since {utc(since_ms)}"


def _waiting(page: Page, lock: Lock, store: Store) -> None:
    waiting = store.held.waiting_of(lock.session_key)
    if not waiting:
        return
    page.section("WAITING BEHIND IT")
    for one in waiting:
        passed = None if one.received_at_ms is None else store.now_ms - one.received_at_ms
        page.line(f"  {one.state:<10} {age(passed):<7} {mask(one.preview)[0]}")


def _approvals_of(page: Page, lock: Lock, store: Store) -> None:
    ids = store.backlog.of_session(lock.session_key)
    if not ids:
        return
    page.section("IT WAITS FOR AN ANSWER")
    for one in ids:
        approval = store.backlog.get(one)
        page.line(f"  {one}  {mask(approval.wanted)[0] if approval else ''}")
    page.line("  answer it: openclaw approvals, or deny it here with N in panel 3", "dim")


def _offer(page: Page, lock: Lock, offer: Offer, store: Store, number: int | None) -> None:
    if number is None:
        page.line(f"    {offer.step:<18} no: {offer.why_not}", "dim")
        return
    page.line(f"  {number} {offer.step:<18} {offer.label}", "bold")
    for loss in offer.loses:
        page.line(f"      loses     {loss}")
    for one in offer.waiting:
        page.line(f"      waits     {one.text()}")
    for warning in offer.warnings:
        page.line(f"      warning   {warning}")
    for call in offer.calls:
        page.line(f"      sends     {call.text()}")
    page.line(f"      patience  {age(round(offer.patience_s * 1000))}")
    page.line(f"      shell     {ReleasePlan.of(lock, offer, store).command()}")


def approvals_page(
    group: tuple[Approval, ...], store: Store, incidents: Sequence[Incident] = ()
) -> Text:
    """One request and all its copies; ``incidents``: those of the asking session."""
    first = group[0]
    page = Page(f"APPROVAL  {len(group)} × {first.kind}" if len(group) > 1 else "APPROVAL")
    command, masked = mask(first.wanted)
    page.field("command", command, "a secret is masked" if masked else "")
    page.field("session", first.session_key)
    page.field("agent", first.agent_id)
    page.field("cwd", first.cwd)
    page.field("host", first.host)
    page.field("node", first.node_id)
    incidents_section(page, incidents, store)
    page.section("COPIES, oldest first")
    for one in group:
        since = None if one.created_at_ms is None else store.now_ms - one.created_at_ms
        left = None if one.expires_at_ms is None else one.expires_at_ms - store.now_ms
        run = f"  run {one.run_id}" if one.run_id else ""
        page.line(f"  {one.id}  asked {age(since)} ago, expires in {age(left)}{run}")
    page.section("WAYS OUT")
    page.line("  N denies: this one, all copies but this one, or all. It never allows.")
    page.line("  The asking run goes on after a denial, and may ask again.")
    page.line("  To allow one, use the gateway's own command: openclaw approvals")
    page.line(f"  shell     {deny_command(group)}")
    return page.text


def deny_command(group: Sequence[Approval]) -> str:
    """The shell's way to deny the copies of a request but the oldest, or the one there is."""
    which = f"--duplicates --keep {group[0].id}" if len(group) > 1 else group[0].id
    return f"clawtop deny {which}"


def event_page(event: SystemEvent, store: Store) -> Text:
    """One queued system event."""
    page = Page("SYSTEM EVENT")
    text, masked = mask(event.text)
    page.field("text", text, "a secret is masked" if masked else "")
    page.field("session", event.session_key)
    page.field("position", f"#{event.position} in its queue")
    known = event.queued_at_ms is not None
    seen = age(store.now_ms - event.seen_since_ms, at_least=not known)
    page.field("queued for" if known else "seen for", f"{seen}, since {utc(event.seen_since_ms)}")
    page.field("context key", event.context_key)
    copies = str(event.copies) if event.copies > 1 else "none"
    page.field("copies", copies, "" if event.copy_of is None else f"first is #{event.copy_of}")
    drop_section(page, event, store)
    page.section("HOW WE KNOW")
    page.line(f"  {store.coverage()['system_events'].why or ''}")
    page.line("  It is read by the session's next turn; no RPC of the gateway removes one event.")
    if event.copies > 1 and event.token is not None:
        page.line("  N drops this copy through the companion.")
    return page.text


def recovery_page(one: Recovery, store: Store) -> Text:
    """One recovery attempt."""
    page = Page(f"RECOVERY  {one.verdict.replace('_', ' ')}")
    by = "" if one.session_key is None or store.companion is not None else "named by a log line"
    page.field("session", one.session_key, by)
    page.field("requested", None if one.requested_at_ms is None else iso(one.requested_at_ms))
    page.field("completed", None if one.completed_at_ms is None else iso(one.completed_at_ms))
    page.field("status", one.status)
    page.field("action", one.action)
    page.field("reason", one.reason)
    page.field("released", None if one.released is None else str(one.released))
    page.section("HOW WE KNOW")
    if store.companion is None or not store.companion.reads("recoveries"):
        page.line("  The diagnostics ring names no session; log lines of the same moment do.")
    page.line(f"  {store.coverage()['recoveries'].why or ''}")
    return page.text
