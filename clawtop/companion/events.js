// @ts-check
// System events that wait for the next turn of their session.

import { tokenOf } from "./memory.js";
import { Bounded, told, unsupported } from "./parts.js";
import * as is from "./shapes.js";

const MOST = 2000;
const BYTES = 240_000;

/** @returns {Map<unknown, unknown> | null} session key to {queue, lastContextKey} */
export function eventQueues() {
  const queues = is.slot("openclaw.systemEvents.queues");
  return is.isMap(queues) ? queues : null;
}

/** @param {unknown} entry @returns {unknown[] | null} */
export function queueOf(entry) {
  const queue = is.get(entry, "queue");
  return is.isList(queue) ? queue : null;
}

/** @returns {import("./parts.js").Part} fullest queues first, oldest event first */
export function readEvents() {
  const queues = eventQueues();
  if (queues === null) return unsupported("this gateway keeps its system events elsewhere");
  const found = [];
  let total = 0;
  let readable = 0;
  let unreadable = 0;
  for (const [rawKey, entry] of is.entries(queues)) {
    const key = is.name(rawKey);
    const queue = queueOf(entry);
    const length = is.lengthOf(queue);
    if (key === null || queue === null || length === null) {
      unreadable += 1;
      total += 1;
      continue;
    }
    readable += 1;
    total += length;
    if (length > 0) found.push({ key, queue, length });
  }
  found.sort((a, b) => b.length - a.length);
  const kept = new Bounded(MOST, BYTES);
  const items = [];
  for (const { key, queue, length } of found) {
    const before = kept.items.length;
    let missed = 0;
    // From the oldest on and without holes behind what is left out, so that places stay true.
    for (let at = 0; at < Math.min(length, MOST); at += 1) {
      const event = eventOf(is.get(queue, at));
      if (event === null) missed += 1;
      else if (!kept.add(event)) break;
    }
    unreadable += missed;
    const events = kept.items.slice(before);
    kept.left -= Buffer.byteLength(key) + 40;
    if (events.length > 0) items.push({ key, count: length, events });
    if (kept.left <= 0 || kept.items.length >= MOST) break;
  }
  // Queues of a known shape with events of another are not known either.
  if (found.length > 0) readable = kept.items.length;
  return told(items, { total, readable, unreadable }, { queues: found.length });
}

/** @param {unknown} event */
function eventOf(event) {
  const text = is.get(event, "text");
  if (!is.isObject(event) || typeof text !== "string") return null;
  return {
    token: tokenOf(event),
    ...is.cut(text),
    at: is.time(is.get(event, "ts")),
    contextKey: is.word(is.get(event, "contextKey")),
    channel: is.word(is.get(is.get(event, "deliveryContext"), "channel")),
  };
}
