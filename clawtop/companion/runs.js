// @ts-check
// Runs started by RPC, from the table that the gateway hands to every method.

import { Bounded, told, unsupported } from "./parts.js";
import * as is from "./shapes.js";

const MOST = 500;
const BYTES = 90_000;

/** @param {unknown} context @returns {Map<unknown, unknown> | null} run id to run */
export function runTable(context) {
  const table = is.get(context, "chatAbortControllers");
  return is.isMap(table) ? table : null;
}

/**
 * How the lock of that session is keyed. The table keeps the key as the client wrote it: on
 * 2026.5.28 a run of `main` holds the lock of `agent:main:main`, and case may differ (measured).
 * @param {Map<unknown, unknown> | null} locks @returns {(key: string) => string}
 */
export function keyOfLock(locks) {
  const known = new Map();
  for (const [key] of locks === null ? [] : is.entries(locks)) {
    const name = is.name(key);
    if (name === null) continue;
    known.set(name.toLowerCase(), name);
    const short = /^agent:[^:]+:(.+)$/s.exec(name.toLowerCase())?.[1];
    // Of two agents' sessions with one short name it may be either: then the key stays as it is.
    if (short) known.set(short, known.has(short) ? short : name);
  }
  return (key) => (is.holds(locks, key) ? key : (known.get(key.toLowerCase()) ?? key));
}

/**
 * The first run of each session: a later one of the same session waits for it.
 * @param {Map<unknown, unknown> | null} table @param {(key: string) => string} keyOf
 * @returns {Map<string, string>} key of the lock to run id
 */
export function firstRuns(table, keyOf) {
  const first = new Map();
  for (const [id, run] of table === null ? [] : is.entries(table)) {
    const key = is.name(is.get(run, "sessionKey"));
    const runId = is.name(id);
    if (key === null || runId === null) continue;
    if (!first.has(keyOf(key))) first.set(keyOf(key), runId);
  }
  return first;
}

/**
 * @param {unknown} context of the asking method @param {(key: string) => string} keyOf
 * @returns {import("./parts.js").Part} oldest first
 */
export function readRuns(context, keyOf) {
  const table = runTable(context);
  if (table === null) return unsupported("this gateway does not hand its table of runs to plugins");
  const kept = new Bounded(MOST, BYTES);
  let unreadable = 0;
  for (const [id, run] of is.entries(table)) {
    const runId = is.name(id);
    const key = is.name(is.get(run, "sessionKey"));
    if (runId === null || key === null) {
      unreadable += 1;
      continue;
    }
    kept.add({
      runId,
      key: keyOf(key),
      sessionId: is.name(is.get(run, "sessionId")),
      startedAtMs: is.time(is.get(run, "startedAtMs")),
      expiresAtMs: is.time(is.get(run, "expiresAtMs")),
    });
  }
  const total = is.sizeOf(table);
  return told(kept.items, { total, readable: total - unreadable, unreadable });
}
