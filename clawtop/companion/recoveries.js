// @ts-check
// Recovery attempts by name. No RPC tells which session one was about; the event does, so this is
// the one thing the plugin must listen to. It keeps the last 200.

import { memory } from "./memory.js";
import { Bounded, told, unsupported } from "./parts.js";
import * as is from "./shapes.js";

const KEPT = 200;
const BYTES = 60_000;
const TYPES = new Set(["session.recovery.requested", "session.recovery.completed"]);

/**
 * Listen, once per process. Called again, the new code takes the place of the old.
 * @param {unknown} subscribe onDiagnosticEvent of the plugin SDK
 */
export function listen(subscribe) {
  const own = memory();
  is.guarded(() => own.unsubscribe?.(), undefined);
  own.unsubscribe = null;
  own.unheard = "this gateway offers plugins no diagnostic events";
  if (typeof subscribe !== "function") return;
  is.guarded(() => {
    const end = subscribe(take);
    own.unsubscribe = typeof end === "function" ? end : null;
    own.unheard = null;
  }, undefined);
}

/** @param {unknown} event it must never throw: the gateway calls it */
export function take(event) {
  is.guarded(() => {
    const type = is.get(event, "type");
    if (typeof type !== "string" || !TYPES.has(type)) return;
    const own = memory();
    const seq = is.count(is.get(event, "seq"));
    // Heard twice when an earlier subscription of ours is still there.
    if (seq === null || seq <= own.lastSeq) return;
    own.lastSeq = seq;
    own.recoveries.push({
      seq,
      at: is.time(is.get(event, "ts")),
      type,
      key: is.name(is.get(event, "sessionKey")),
      sessionId: is.name(is.get(event, "sessionId")),
      status: is.word(is.get(event, "status")),
      action: is.word(is.get(event, "action")),
      reason: is.word(is.get(event, "outcomeReason")) ?? is.word(is.get(event, "reason")),
      ageMs: is.time(is.get(event, "ageMs")),
      queueDepth: is.count(is.get(event, "queueDepth")),
      released: is.count(is.get(event, "released")),
    });
    if (own.recoveries.length > KEPT) own.lost += own.recoveries.splice(0, 1).length;
  }, undefined);
}

/**
 * @param {unknown} sinceSeq @param {unknown} instance the one the caller knows
 * @returns {import("./parts.js").Part} oldest first; `total` counts all that are kept
 */
export function readRecoveries(sinceSeq, instance) {
  const own = memory();
  if (own.unheard !== null) return unsupported(own.unheard);
  const since = instance === own.instance ? (is.count(sinceSeq) ?? 0) : 0;
  const kept = new Bounded(KEPT, BYTES);
  const all = /** @type {{seq: number}[]} */ (own.recoveries);
  // From the newest back: where not all fit, the oldest are left out.
  for (const one of all.toReversed()) if (one.seq <= since || !kept.add(one)) break;
  return told(kept.items.reverse(), { total: all.length, readable: all.length, unreadable: 0 }, {
    firstSeq: all[0]?.seq ?? null,
    lastSeq: all.at(-1)?.seq ?? null,
    dropped: own.lost,
  });
}
