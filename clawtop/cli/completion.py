"""``clawtop completion``: the script that lets a shell ask ``clawtop complete``."""

from __future__ import annotations

import argparse
from importlib.resources import files


def run(args: argparse.Namespace) -> int:
    """Print the script of one shell."""
    script = files("clawtop.cli") / "scripts" / f"clawtop.{args.shell}"
    print(script.read_text(encoding="utf-8"), end="")
    return 0
