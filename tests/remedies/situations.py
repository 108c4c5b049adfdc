"""Sessions held in each way that can be told apart, on each generation."""

from clawtop.picture import changes as c
from clawtop.picture.records import Lock
from clawtop.remedies.ladder import ladder
from clawtop.remedies.steps import Offer
from tests.picture.builders import (
    KEY,
    Picture,
    approval,
    approvals,
    at_ms,
    begins,
    counted,
    later_row,
    leaked,
    listed,
    row,
    running_row,
)

LATER = "september"


def rows_of(generation: str) -> c.RowsListed:
    return listed(later_row() if generation == LATER else running_row())


def rpc(generation: str) -> Picture:
    """A run that an RPC started and that was seen to begin."""
    return Picture(generation).tell(rows_of(generation), begins())


def rpc_unseen(generation: str) -> Picture:
    """Held since before we came: April flags only RPC runs, later gateways everything."""
    return Picture(generation).tell(rows_of(generation))


def channel(generation: str) -> Picture:
    held = later_row() if generation == LATER else running_row(active=False)
    start = c.SessionChanged(KEY, phase="start", run_id="run-1", ts=at_ms(0), row=held)
    return Picture(generation).tell(start)


def heartbeat(generation: str) -> Picture:
    return Picture(generation).tell(rows_of(generation), begins(is_heartbeat=True))


def orphan(generation: str) -> Picture:
    """No run where a lock is: an owner stuck in a hook, gone, or a reply never delivered."""
    if generation == LATER:
        return leaked()
    picture = Picture(generation).tell(listed(row(status="done", has_active_run=True)))
    return picture.tell(listed(row(status="done", has_active_run=True), at=70), at=70)


def ghost(generation: str) -> Picture:
    held = running_row(active=False)
    if generation == LATER:
        held = later_row(active=False, status="running")
    return Picture(generation).tell(listed(held), counted(0))


def waiting_approval(generation: str) -> Picture:
    return rpc(generation).tell(approvals(approval("a-1")))


SITUATIONS = {
    "rpc": rpc,
    "rpc unseen": rpc_unseen,
    "channel": channel,
    "heartbeat": heartbeat,
    "orphan": orphan,
    "ghost": ghost,
    "waiting approval": waiting_approval,
}


def offers(picture: Picture, key: str = KEY) -> dict[str, Offer]:
    return {str(offer.step): offer for offer in ladder(picture.lock(key), picture.store)}


def offered(picture: Picture, key: str = KEY) -> list[str]:
    return [step for step, offer in offers(picture, key).items() if offer.available]


def lock_of(picture: Picture) -> Lock:
    return picture.lock(KEY)
