"""Dead letters and pressure over time, from what ``health`` counts."""

from clawtop.gateway.answers import Reader
from clawtop.gateway.frames import Raw
from clawtop.picture import changes as c
from clawtop.picture.delivery import DeliveryBook

HEALTH = b"""{"ok":true,"eventLoop":{"degraded":false},"deliveryQueues":{
 "failed":[{"queueName":"outbound","count":3,"oldestFailedAt":1795000000000}],
 "ingressFailed":[{"channelId":"telegram","accountId":"ops","count":1}],
 "ingressPressure":[{"channelId":"slack","accountId":"w","laneCount":2,"pendingCount":9,
  "claimedCount":1,"blockedCount":4,"oldestReceivedAt":1795000000001}]}}"""


def failed(count: int) -> c.DeliveryQueues:
    return c.DeliveryQueues(failed=[c.QueueCount(queue_name="out", count=count)])


def test_the_gateways_own_words_are_read() -> None:
    book = DeliveryBook()
    assert book.read(Reader().health(Raw(HEALTH)).delivery_queues, 5)
    assert {(one.kind, one.name, one.count) for one in book.queues.values()} == {
        ("outbound", "outbound", 3),
        ("inbound", "telegram/ops", 1),
        ("pressure", "slack/w", 9),
    }
    assert book.queues["pressure", "slack/w"].oldest_ms == 1_795_000_000_001


def test_health_without_queues_is_read_as_none() -> None:
    assert Reader().health(Raw(b'{"ok":true}')).delivery_queues is None
    assert Reader().health(Raw(b'{"deliveryQueues":{"failed":[]}}')).delivery_queues is not None


def test_what_was_there_at_the_first_look_has_not_grown() -> None:
    book = DeliveryBook()
    book.read(failed(7), 1_000)
    assert book.queues["outbound", "out"].rose_ms is None
    book.read(failed(9), 2_000)
    one = book.queues["outbound", "out"]
    assert (one.least, one.count, one.rose_ms, one.falling) == (7, 9, 2_000, False)
    book.read(failed(8), 3_000)
    assert book.queues["outbound", "out"].falling
    book.read(None, 4_000)
    assert book.queues == {}


def test_what_appears_later_grew_from_nothing() -> None:
    book = DeliveryBook()
    book.read(None, 1_000)
    book.read(failed(1), 2_000)
    assert book.queues["outbound", "out"].rose_ms == 2_000
    book.clear()
    book.read(failed(1), 3_000)
    assert book.queues["outbound", "out"].rose_ms is None
