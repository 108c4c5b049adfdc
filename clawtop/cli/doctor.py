"""``clawtop doctor``: how the gateway was found, what it grants and shows, what we ask it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from typing import Any

from clawtop.cli.setup import own_config_path, watcher_of
from clawtop.gateway.actionlog import log_path
from clawtop.gateway.keyring import DEVICE_TOKEN
from clawtop.gateway.look import settle, watching
from clawtop.gateway.watch import Watcher
from clawtop.picture.coverage import is_route, is_september, lacking
from clawtop.picture.document import gateway_document, heartbeats_document
from clawtop.picture.unseen import not_seen
from clawtop.text import age, count, plain


def run(args: argparse.Namespace) -> int:
    """Raises UsageError, FindError, ConnectError."""
    watcher = watcher_of(args)
    asyncio.run(_look(watcher))
    report = doctor_document(watcher)
    if args.json:
        print(json.dumps(report, ensure_ascii=True))
    else:
        print("\n".join(_lines(report)))
    return 0


async def _look(watcher: Watcher) -> None:
    async with watching(watcher):
        await settle(watcher)


def doctor_document(watcher: Watcher) -> dict[str, Any]:
    """Everything doctor knows, as plain data; never a secret."""
    target, store = watcher.target, watcher.store
    facts = store.facts
    assert facts is not None
    return {
        "schema": "clawtop.doctor/1",
        "address": target.url,
        "address_from": target.url_from,
        "secret": target.secret.kind if target.secret else None,
        "secret_from": target.secret_from if target.secret else None,
        "device": _device(watcher),
        "own_config": str(own_config_path(os.environ)),
        "action_log": str(log_path(os.environ)),
        "gateway": gateway_document(store),
        "protocol": facts.protocol,
        "generation": "september" if is_september(facts) else "april",
        "asked_scopes": list(facts.asked_scopes),
        "missing_scopes": lacking(facts),
        "to_do": watcher.todo or None,
        "approval_route": is_route(facts),
        "coverage": {
            name: {"level": part.level, "why": part.why} for name, part in store.coverage().items()
        },
        "not_seen": [
            {"incident": one.incident, "what": one.what, "why": one.why}
            for one in not_seen(store.companion)
        ],
        "questions": [
            {
                "method": slot.question.method,
                "for": slot.question.why,
                "every_s": slot.interval_s(),
                "asked": slot.asked,
                "latency_ms": None if slot.latency_s is None else round(slot.latency_s * 1000),
                "failed": slot.failed,
            }
            for slot in watcher.budget.slots.values()
        ],
        "heartbeats": heartbeats_document(store),
        "pause_lost": store.heartbeats.ours.problem,
        "unreadable_frames": watcher.unreadable,
        "rate_per_minute": round(watcher.budget.rate_per_minute(), 1),
    }


def _device(watcher: Watcher) -> dict[str, Any] | None:
    """The device we signed in as; None where none was shown."""
    keys = watcher.client.keys
    if watcher.device is None or keys is None:
        return None
    by_token = watcher.opened_by is not None and watcher.opened_by.kind == DEVICE_TOKEN
    return {
        "id": watcher.device.id,
        "opened_by": "device token" if by_token else "secret",
        "key_file": str(keys.path),
        "problem": keys.problem,
    }


def _signed_in(device: dict[str, Any] | None) -> str:
    if device is None:
        return "none shown, and no pairing: what opens this gateway here needs none"
    how = "its own token opens it" if device["opened_by"] == "device token" else "with the secret"
    problem = f"; {plain(device['problem'])}" if device["problem"] else ""
    return (
        f"this device is approved ({device['id'][:12]}), {how}; key {device['key_file']}{problem}"
    )


def _lines(report: dict[str, Any]) -> list[str]:
    gateway = report["gateway"]
    secret = f"{report['secret']} from {report['secret_from']}" if report["secret"] else "none"
    lines = [
        f"address     {report['address']}  (from {report['address_from']})",
        f"secret      {secret}",
        f"device      {_signed_in(report['device'])}",
        f"gateway     {plain(gateway['version'] or '?')}, protocol {report['protocol']},"
        f" up {age(gateway['uptime_ms'])}, {_pace(gateway)}",
        f"remedies    as on {report['generation']} 2026 gateways",
        f"granted     {plain(', '.join(gateway['scopes'])) or 'nothing'}",
        f"companion   {_companion(gateway['companion'])}",
    ]
    lines += _paused(report["heartbeats"], report["pause_lost"])
    if report["missing_scopes"]:
        lines.append(f"not granted {', '.join(report['missing_scopes'])}")
    if report["to_do"]:
        lines.append(f"to do       {plain(report['to_do'])}")
    if report["approval_route"]:
        lines.append("approvals   while connected like this, clawtop is a route for approvals")
    else:
        lines.append("approvals   passive: being connected like this changes nothing for them")
    lines.append("")
    for name, part in report["coverage"].items():
        lines.append(f"{name:<14} {part['level']:<14} {plain(part['why'] or '')}".rstrip())
    lines += ["", "cannot be seen here, so no incident is named for it:"]
    lines += [f"  {one['incident']}  {one['what']} ({one['why']})" for one in report["not_seen"]]
    lines.append("")
    lines.append(f"asks about {report['rate_per_minute']:g} questions a minute:")
    lines += [_question(one) for one in report["questions"]]
    if report["unreadable_frames"]:
        lines.append(f"{count(report['unreadable_frames'], 'frame')} not understood and left out")
    lines += ["", f"own config  {report['own_config']}", f"action log  {report['action_log']}"]
    return lines


def _pace(gateway: dict[str, Any]) -> str:
    if gateway["latency_ms"] is None:
        return "which did not answer status"
    return f"answers in {gateway['latency_ms']} ms, clock {gateway['clock_offset_ms']:+d} ms"


def _paused(heartbeats: dict[str, Any], lost: str | None) -> list[str]:
    """The reminder of a pause of our own; nothing where there is none."""
    if lost:
        return [f"heartbeats  whether clawtop paused them is lost: {plain(lost)}"]
    since = heartbeats["paused_at_ms"] or heartbeats["perhaps_since_ms"]
    if since is None:
        return []
    word = "PAUSED" if heartbeats["paused_at_ms"] else "PERHAPS PAUSED"
    by = f" ({plain(heartbeats['paused_by'])})" if heartbeats["paused_by"] else ""
    return [
        f"heartbeats  {word} by clawtop{by}: {plain(heartbeats['why'])};"
        " way out: clawtop heartbeats resume"
    ]


def _companion(known: dict[str, Any] | None) -> str:
    if known is None:
        return "none; clawtop companion install shows what it would change"
    may = "may release" if known["can_release"] else "looks only, releasing is switched off"
    return f"{plain(known['version'] or 'version unknown')}, {may}"


def _question(one: dict[str, Any]) -> str:
    took = "not asked" if one["latency_ms"] is None else f"{one['latency_ms']} ms"
    failed = f"  failed: {plain(one['failed'])}" if one["failed"] else ""
    return f"  {one['method']:<28} every {one['every_s']:>4.0f} s  {took:<9}  {one['for']}{failed}"
