"""What keeps the companion from acting, in words that name what to do about it."""

from __future__ import annotations

SWITCHED_OFF = (
    "the companion of this gateway may only look: its switch is off",
    "Turn on plugins.entries.clawtop-companion.config.allowRelease:"
    " clawtop companion install --allow-release",
)
