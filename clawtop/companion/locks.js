// @ts-check
// Reply-run locks, out of the gateway's own registry: one operation per session key.

import { laneMap, sessionLoad } from "./lanes.js";
import { tokenOf } from "./memory.js";
import { Bounded, told, unsupported } from "./parts.js";
import { firstRuns, keyOfLock, runTable } from "./runs.js";
import * as is from "./shapes.js";

const MOST = 2000;
const BYTES = 480_000;

/** @returns {unknown} */
export const registry = () => is.slot("openclaw.replyRunRegistry");

/** @returns {Map<unknown, unknown> | null} session key to operation */
export function operations() {
  const runs = is.get(registry(), "activeRunsByKey");
  return is.isMap(runs) ? runs : null;
}

/**
 * September operations carry when they began (measured on 2026.8.2 and 2026.9.6), April ones do
 * not (measured on 2026.5.28 and 2026.7.1). A version number says less: there are in-betweens.
 * @param {unknown} operation @returns {"april" | "september"}
 */
export function generationOf(operation) {
  return is.time(is.get(operation, "startedAtMs")) === null ? "april" : "september";
}

/**
 * Whether an embedded run with that session id is registered; null: not known.
 * @param {unknown} sessionId @returns {boolean | null}
 */
export function hasEmbeddedRun(sessionId) {
  return is.holds(is.get(is.slot("openclaw.embeddedRunState"), "activeRuns"), sessionId);
}

/** @param {unknown} key @returns {number | null} turns that wait for the lock of that key */
function waitersOf(key) {
  const waiters = is.get(registry(), "waitersByKey");
  if (!is.isMap(waiters)) return null;
  const set = is.lookup(waiters, key);
  return set === undefined ? 0 : is.countOf(set);
}

/**
 * @param {unknown} context of the asking method
 * @returns {import("./parts.js").Part} oldest first; where there are more than fit, the ones with
 * the most waiting
 */
export function readLocks(context) {
  const runs = operations();
  if (runs === null) return unsupported("this gateway keeps its locks elsewhere");
  const lanes = laneMap();
  const runIds = firstRuns(runTable(context), keyOfLock(runs));
  const found = [];
  let generation = null;
  let unreadable = 0;
  for (const [key, operation] of is.entries(runs)) {
    const lock = is.guarded(() => lockOf(key, operation, lanes, runIds), null);
    if (lock === null) unreadable += 1;
    else {
      found.push(lock);
      generation = generationOf(operation);
    }
  }
  const total = Math.max(is.sizeOf(runs), found.length + unreadable);
  const behind = (/** @type {Lock} */ lock) => (lock.waiters ?? 0) + (lock.laneQueued ?? 0);
  const kept = new Bounded(MOST, BYTES);
  for (const lock of found) if (!kept.add(lock)) break;
  if (kept.items.length < found.length) {
    kept.items = [];
    kept.left = BYTES;
    for (const lock of found.sort((a, b) => behind(b) - behind(a))) kept.add(lock);
  }
  return { ...told(kept.items, { total, readable: found.length, unreadable }), generation };
}

/** @typedef {NonNullable<ReturnType<typeof lockOf>>} Lock */

/**
 * @param {unknown} rawKey @param {unknown} operation @param {Map<unknown, unknown> | null} lanes
 * @param {Map<string, string>} runIds
 */
function lockOf(rawKey, operation, lanes, runIds) {
  const key = is.name(rawKey);
  const sessionId = is.name(is.get(operation, "sessionId"));
  const phase = is.word(is.get(operation, "phase"));
  if (key === null || sessionId === null || phase === null || !is.isObject(operation)) return null;
  const load = sessionLoad(lanes, key);
  return {
    key,
    sessionId,
    phase,
    token: tokenOf(operation),
    startedAtMs: is.time(is.get(operation, "startedAtMs")),
    lastActivityAtMs: is.time(is.get(operation, "lastActivityAtMs")),
    turnKind: is.word(is.get(operation, "turnKind")),
    agentId: is.word(is.get(operation, "agentId")),
    waiters: waitersOf(key),
    laneTask: load === null ? null : load.active > 0,
    laneQueued: load === null ? null : load.queued,
    runId: runIds.get(key) ?? null,
    embeddedRun: hasEmbeddedRun(sessionId),
  };
}
