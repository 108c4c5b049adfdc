"""``clawtop actions``: what was done from this host, from the log on disk."""

from __future__ import annotations

import argparse
import json
import os
import time
from typing import Any

from clawtop.cli.options import seconds
from clawtop.gateway.actionlog import log_path, read_log
from clawtop.text import iso, plain


def run(args: argparse.Namespace) -> int:
    """Raises UsageError; ClawtopError when the log cannot be read."""
    since_ms = None
    if args.since:
        since_ms = round((time.time() - seconds(args.since)) * 1000)
    path = log_path(os.environ)
    lines = read_log(path, since_ms)
    if args.json:
        print(json.dumps({"schema": "clawtop.actions/1", "actions": lines}, ensure_ascii=True))
    elif not lines:
        print(f"no actions logged in {path}")
    else:
        print("\n".join(text for line in lines for text in action_text(line)))
    return 0


def action_text(line: dict[str, Any]) -> list[str]:
    """One logged action in two or three lines."""
    target = line.get("target") if isinstance(line.get("target"), dict) else {}
    what = (target or {}).get("session_key") or ", ".join((target or {}).get("ids", []))
    head = (
        f"{iso(line['at_ms'])}  {line.get('outcome', 'unknown'):<13}"
        f" {line.get('action', '?')} {line.get('step', '')}  {plain(str(what))}"
    )
    who = f"    by {line.get('operator')} on {line.get('gateway')}"
    texts = [head, plain(who)]
    if line.get("reason"):
        texts.append(f"    {plain(str(line['reason']))}")
    return texts
