// @ts-check
// Command lanes: a session's runs take turns in the lane `session:<key>`, and each of them then
// takes a slot of a named lane such as `main` (measured on 2026.5.28 and 2026.9.6).

import { Bounded, told, unsupported } from "./parts.js";
import * as is from "./shapes.js";

const MOST = 500;
const BYTES = 80_000;
const SESSION = "session:";

/** @returns {Map<unknown, unknown> | null} lane name to lane; null: not the shape we know */
export function laneMap() {
  const lanes = is.get(is.slot("openclaw.commandQueueState"), "lanes");
  return is.isMap(lanes) ? lanes : null;
}

/**
 * The session's lanes that exist, nearly always one at most. A lock keeps the key as the channel
 * wrote it, the lane may be named by the stored key, in lower case (measured on 2026.5.28 and
 * 2026.9.6 with `agent:main:telegram:direct:@Foo Bar`).
 * @param {Map<unknown, unknown>} lanes @param {string} key @returns {unknown[]}
 */
export function lanesOf(lanes, key) {
  const cleaned = key.trim() || "main";
  const lane = cleaned.startsWith(SESSION) ? cleaned : SESSION + cleaned;
  const names = new Set([lane, lane.toLowerCase()]);
  return [...names].map((name) => is.lookup(lanes, name)).filter((found) => found !== undefined);
}

/**
 * Tasks at work and waiting. Earlier gateways queue in an array, later ones in linked lists with
 * a length; both have `length`.
 * @param {unknown} lane @returns {{active: number, queued: number} | null}
 */
export function loadOf(lane) {
  const active = is.countOf(is.get(lane, "activeTaskIds"));
  const queued = is.count(is.get(is.get(lane, "queue"), "length"));
  return active === null || queued === null ? null : { active, queued };
}

/**
 * What the lane of that session holds; one that is not there is idle. Null: it cannot be read.
 * @param {Map<unknown, unknown> | null} lanes @param {string} key
 */
export function sessionLoad(lanes, key) {
  if (lanes === null) return null;
  const sum = { active: 0, queued: 0 };
  for (const lane of lanesOf(lanes, key)) {
    const load = loadOf(lane);
    if (load === null) return null;
    sum.active += load.active;
    sum.queued += load.queued;
  }
  return sum;
}

/**
 * When the longest waiting task was queued, in ms since the epoch.
 * @param {unknown} lane @returns {number | null}
 */
function oldest(lane) {
  const queue = is.get(lane, "queue");
  const heads = is.isList(queue)
    ? [is.get(queue, 0)]
    : ["foreground", "normal", "background"].map((fifo) => is.get(is.get(queue, fifo), "head"));
  const times = heads
    .map((entry) => is.time(is.get(entry, "enqueuedAt")))
    .filter((at) => at !== null);
  return times.length > 0 ? Math.min(...times) : null;
}

/** @param {number} now @returns {import("./parts.js").Part} idle lanes are left out */
export function readLanes(now) {
  const lanes = laneMap();
  if (lanes === null) return unsupported("this gateway keeps its lanes elsewhere");
  const busy = [];
  let readable = 0;
  let unreadable = 0;
  for (const [key, lane] of is.entries(lanes)) {
    const name = is.name(key);
    const load = loadOf(lane);
    if (name === null || load === null) {
      unreadable += 1;
      continue;
    }
    readable += 1;
    if (load.active > 0 || load.queued > 0) busy.push({ name, lane, ...load });
  }
  const session = (/** @type {{name: string}} */ one) => one.name.startsWith(SESSION);
  // Named lanes first, they are few and shared; then those with the most waiting.
  busy.sort((a, b) => Number(session(a)) - Number(session(b)) || b.queued - a.queued);
  const kept = new Bounded(MOST, BYTES);
  for (const one of busy) {
    const since = oldest(one.lane);
    kept.add({
      lane: one.name,
      key: session(one) ? one.name.slice(SESSION.length) : null,
      active: one.active,
      queued: one.queued,
      max: is.count(is.get(one.lane, "maxConcurrent")),
      draining: is.flag(is.get(one.lane, "draining")),
      oldestWaitMs: since === null ? null : Math.max(0, now - since),
    });
  }
  return told(kept.items, { total: busy.length + unreadable, readable, unreadable });
}
