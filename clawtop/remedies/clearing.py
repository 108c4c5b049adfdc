"""An abort that empties the session's queue as well: for a queue that is itself the trouble.

Only where a person asks for it by name, on gateways of the later generation.
"""

from __future__ import annotations

from dataclasses import replace

from clawtop.errors import RefusedError, UsageError
from clawtop.picture.coverage import is_september
from clawtop.picture.store import Store
from clawtop.remedies.fate import CHANNEL, Fate, Foretold, came_by
from clawtop.remedies.situation import lost_messages
from clawtop.remedies.steps import Offer, Step

REST = "whatever else is queued for the session (how much is not known)"
MAY_LIE = "the gateway may answer aborted because a queue was emptied, with the lock untouched"


def clearing(offer: Offer, store: Store) -> Offer:
    """The same abort with ``clearQueued``, and what that drops one by one.

    Raises UsageError for another step, RefusedError where the gateway does not know the word.
    """
    if offer.step is not Step.ABORT_SESSION:
        raise UsageError("--clear-queued goes with an abort of the session", _ADD)
    if store.facts is None or not is_september(store.facts):
        raise RefusedError(
            "this gateway cannot empty a session's queue", "Leave out --clear-queued"
        )
    told = tuple(_cleared(one) for one in offer.waiting)
    losses, lost = lost_messages(told)
    others = [loss for loss in offer.losses if "waiting message" not in loss]
    return replace(
        offer,
        calls=tuple(replace(call, params=call.params | _CLEAR) for call in offer.calls),
        losses=(*losses, *others, REST),
        loss_count=lost or None,
        warnings=(*offer.warnings, MAY_LIE),
        waiting=told,
    )


def _cleared(one: Foretold) -> Foretold:
    """What is parked is dropped; a channel's message that waits for the lock itself is not."""
    waits_itself = one.message is None or came_by(one.message) == CHANNEL
    return one if waits_itself else replace(one, fate=Fate.CANCELLED)


_ADD = "Add --step abort-session"
_CLEAR = {"clearQueued": True}
