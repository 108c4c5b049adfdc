// @ts-check
// Removes one copy of a system event that is queued twice.

import { refuse, target } from "./answers.js";
import { eventQueues, queueOf } from "./events.js";
import { isNamed } from "./memory.js";
import * as is from "./shapes.js";

/**
 * Queues live in memory alone: nothing brings a removed event back (read on 2026.5.28 and
 * 2026.9.6, whose "stores" only tell which file a session belongs to).
 * @param {unknown} params @returns {import("./answers.js").Answer}
 */
export function dropEvent(params) {
  const wanted = target(params);
  if (wanted === null) return refuse("bad-params", "key and token must be given");
  const { key, token } = wanted;
  const queues = eventQueues();
  if (queues === null) return refuse("unsupported", "system events are kept elsewhere here");
  const entry = is.lookup(queues, key);
  if (entry === undefined) return refuse("gone", "no system event waits for that session");
  const queue = queueOf(entry);
  if (queue === null) return refuse("unsupported", "the queue is not a list");
  const place = is.guarded(() => queue.findIndex((event) => isNamed(event, token)), -1);
  if (place < 0) return refuse("gone", "that event is not queued any more");
  const event = queue[place];
  const copy = queue.some((other) => other !== event && isCopy(other, event));
  if (!copy) {
    return refuse("not-a-copy", "no other queued event has the same context key or the same text");
  }
  queue.splice(place, 1);
  keepContext(entry, queue);
  if (queue.includes(event)) return refuse("failed", "it was removed and is still there");
  return { ok: true, key, left: queue.length };
}

/** @param {unknown} one @param {unknown} other @returns {boolean} */
function isCopy(one, other) {
  const context = is.get(one, "contextKey");
  if (typeof context === "string" && context === is.get(other, "contextKey")) return true;
  const text = is.get(one, "text");
  return typeof text === "string" && text === is.get(other, "text");
}

/**
 * The queue remembers the newest context key in it, as the gateway does after taking one out.
 * @param {unknown} entry @param {unknown[]} queue
 */
function keepContext(entry, queue) {
  const keys = queue.map((event) => is.get(event, "contextKey"));
  const newest = keys.findLast((context) => typeof context === "string") ?? null;
  is.guarded(() => Reflect.set(/** @type {object} */ (entry), "lastContextKey", newest), false);
}
