"""Hands over to the command line."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """The ``clawtop`` command."""
    gc.disable()  # until the command begins: nothing of what is loaded for it is garbage
    from clawtop.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
