// @ts-check
// Messages parked behind a session until its present turn is over.

import { Bounded, told, unsupported } from "./parts.js";
import * as is from "./shapes.js";

const MOST = 500;
const BYTES = 80_000;

/** @returns {import("./parts.js").Part} deepest first, oldest message first */
export function readFollowups() {
  const queues = is.slot("openclaw.followupQueues");
  if (!is.isMap(queues)) return unsupported("this gateway keeps parked messages elsewhere");
  const found = [];
  let readable = 0;
  let unreadable = 0;
  for (const [rawKey, queue] of is.entries(queues)) {
    const key = is.name(rawKey);
    const list = is.get(queue, "items");
    const depth = is.lengthOf(list);
    if (key === null || depth === null) {
      unreadable += 1;
      continue;
    }
    readable += 1;
    if (depth > 0) found.push({ key, list, depth });
  }
  found.sort((a, b) => b.depth - a.depth);
  const kept = new Bounded(MOST, BYTES);
  const items = [];
  for (const { key, list, depth } of found) {
    const before = kept.items.length;
    for (let at = 0; at < Math.min(depth, MOST); at += 1) {
      const message = messageOf(is.get(list, at));
      if (message === null) unreadable += 1;
      else if (!kept.add(message)) break;
    }
    kept.left -= Buffer.byteLength(key) + 40;
    items.push({ key, depth, messages: kept.items.slice(before) });
    if (kept.left <= 0 || kept.items.length >= MOST) break;
  }
  return told(items, { total: found.length + unreadable, readable, unreadable });
}

/** @param {unknown} message */
function messageOf(message) {
  if (!is.isObject(message)) return null;
  const run = is.get(message, "run");
  const texts = [is.get(message, "summaryLine"), is.get(message, "prompt")];
  const from = [is.get(run, "senderName"), is.get(run, "senderUsername"), is.get(run, "senderId")];
  return {
    text: texts.map(is.word).find((text) => text !== null) ?? "",
    at: is.time(is.get(message, "enqueuedAt")),
    from: from.map(is.word).find((sender) => sender !== null) ?? null,
    channel: is.word(is.get(message, "originatingChannel")),
  };
}
