"""``clawtop snapshot``: one picture, as text or as one JSON document."""

from __future__ import annotations

import argparse
import asyncio
import json

from clawtop.cli.common import seconds
from clawtop.cli.looking import look
from clawtop.cli.picture_text import picture_text
from clawtop.cli.setup import watcher_of
from clawtop.incidents.engine import Engine
from clawtop.incidents.ways import incident_document
from clawtop.picture.document import document


def run(args: argparse.Namespace) -> int:
    """Print one picture. Raises UsageError, FindError, ConnectError."""
    observe_s = seconds(args.observe)
    watcher = watcher_of(args)
    engine = Engine(watcher.store)
    asyncio.run(look(watcher, observe_s))
    engine.refresh()
    found = engine.incidents()
    if args.json:
        told = [incident_document(one, watcher.store) for one in found]
        print(json.dumps(document(watcher.store, told), ensure_ascii=True))
    else:
        print(picture_text(watcher.store, found), end="")
    return 0
