"""``clawtop actions``: what was done from this host, from the log on disk."""

from __future__ import annotations

import argparse
import json
import os
import time

from clawtop.cli.common import seconds
from clawtop.gateway.actionlog import action_text, log_path, read_log


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
