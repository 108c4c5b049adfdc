// @ts-check
// Ends one lock. From each look to the act that follows it there is no await: nothing can come in
// between.

import { refuse, target } from "./answers.js";
import { laneMap, lanesOf, loadOf, sessionLoad } from "./lanes.js";
import { generationOf, hasEmbeddedRun, operations, registry } from "./locks.js";
import { isNamed } from "./memory.js";
import { pump } from "./pump.js";
import * as is from "./shapes.js";

const OWNER_MS = 3_000;
const LOOK_EVERY_MS = 20;

/** Operations whose owner has been told and is waited for. It keeps none of them alive. */
const ending = new WeakSet();

/**
 * @typedef {object} Aim
 * @property {string} key
 * @property {string | null} sessionId
 * @property {string | null} phase
 * @property {object} operation
 * @property {() => boolean} holds Whether that very operation still holds the session.
 */

/**
 * End exactly the operation that the token names.
 * @param {unknown} params
 * @returns {import("./answers.js").Answer | Promise<import("./answers.js").Answer>}
 */
export function release(params) {
  const wanted = target(params);
  if (wanted === null) return refuse("bad-params", "key and token must be given");
  const { key, token } = wanted;
  const held = operations();
  if (held === null) return refuse("unsupported", "this gateway keeps its locks elsewhere");
  const operation = is.lookup(held, key);
  if (operation === undefined) return refuse("gone", "nothing holds that session any more");
  if (!isNamed(operation, token)) return refuse("changed", "another operation holds it now");
  if (ending.has(operation)) return refuse("gone", "somebody else is releasing it just now");
  if (typeof is.get(operation, "fail") !== "function") {
    return refuse("unsupported", "the lock has no way to end that this plugin knows");
  }
  const sessionId = is.name(is.get(operation, "sessionId"));
  const phase = is.word(is.get(operation, "phase"));
  const holds = () => is.lookup(held, key) === operation;
  const aim = { key, sessionId, phase, operation, holds };
  if (generationOf(operation) === "september") {
    return ownerAtWork(operation, key) ?? ended(aim, false);
  }
  return hasEmbeddedRun(sessionId) ? endGently(aim) : ended(aim, true);
}

/**
 * Drop the lock, and on April gateways give the lane back.
 * @param {Aim} aim @param {boolean} april @returns {import("./answers.js").Answer}
 */
function ended({ key, sessionId, phase, operation, holds }, april) {
  end(operation, holds);
  if (holds()) return refuse("failed", "it was told to end and still holds the session");
  return { ok: true, key, sessionId, phase, laneRenewed: april && renewLane(key) };
}

/**
 * April, a run at work: told to stop it ends within a moment and puts everything in order itself.
 * Were the lock dropped before that, the next turn would meet a run that is still registered, and
 * its message was sometimes never answered (measured on 2026.5.28). Only when it does not end in
 * three seconds is it treated like one that never will.
 * @param {Aim} aim @returns {Promise<import("./answers.js").Answer>}
 */
async function endGently(aim) {
  const { key, sessionId, phase, operation, holds } = aim;
  ending.add(operation);
  call(is.get(operation, "abortByUser"), operation);
  for (let waited = 0; waited < OWNER_MS && holds(); waited += LOOK_EVERY_MS) {
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
  if (holds()) return ended(aim, true);
  return { ok: true, key, sessionId, phase, laneRenewed: false };
}

/**
 * September: an owner that sits in its lane keeps its slot there for a minute after a force
 * clear, and messages sent meanwhile are never answered. After an abort the gateway lets both go
 * within 60 s and answers what waited (measured on 2026.9.6).
 * @param {unknown} operation @param {string} key @returns {import("./answers.js").Answer | null}
 */
function ownerAtWork(operation, key) {
  const load = sessionLoad(laneMap(), key);
  if (load === null) return refuse("unsupported", "its session lane cannot be read");
  const run = hasEmbeddedRun(is.get(operation, "sessionId"));
  if (load.active === 0 && run !== true) return null;
  const where = load.active > 0 ? "its owner sits in the session lane" : "its run is registered";
  const why = `${where}: an abort frees lock and lane within 60 s, this would not`;
  return refuse("owner-in-lane", why);
}

/**
 * First the owner is told to stop, should it live after all: without that a hung model call went
 * on and kept the transcript, so that the next message hung behind it (measured on 2026.5.28; on
 * 2026.9.6 it makes no difference to what waits). Then the lock is dropped. On 2026.5.28 `fail` always does that. On 2026.7.1 it may wait
 * for the owner to complete the operation, so that is done as well; on 2026.9.6 the registry's
 * own clearing function waits for nobody (both measured; 2026.8.2 has no such function).
 * @param {object} operation @param {() => boolean} held
 */
function end(operation, held) {
  const clear = is.guarded(
    () => WeakMap.prototype.get.call(is.get(registry(), "clearOperationByOperation"), operation),
    undefined,
  );
  const cause = new Error("released by an operator with clawtop");
  call(is.get(operation, "abortByUser"), operation);
  call(is.get(operation, "fail"), operation, "run_failed", cause);
  if (held()) call(clear, undefined);
  if (held()) call(is.get(operation, "complete"), operation);
}

/** @param {unknown} action @param {unknown} owner @param {...unknown} given */
function call(action, owner, ...given) {
  if (typeof action === "function") is.guarded(() => Reflect.apply(action, owner, given), null);
}

/**
 * April: the next turn gets the lock, and then waits in the session lane behind the task of the
 * dead owner, for ever: it looks released and is not. A new generation makes the lane forget that
 * task, and what waited is answered within a second (measured on 2026.5.28). It is what the
 * gateway's own recovery does.
 * @param {string} key @returns {boolean}
 */
function renewLane(key) {
  const lanes = laneMap();
  if (lanes === null) return false;
  return lanesOf(lanes, key).map(renew).includes(true);
}

/** @param {unknown} lane @returns {boolean} */
function renew(lane) {
  const generation = is.count(is.get(lane, "generation"));
  if (!loadOf(lane)?.active || generation === null) return false;
  return is.guarded(() => {
    Reflect.set(/** @type {object} */ (lane), "generation", generation + 1);
    Set.prototype.clear.call(is.get(lane, "activeTaskIds"));
    Reflect.set(/** @type {object} */ (lane), "draining", false);
    const name = is.name(is.get(lane, "lane"));
    if (name !== null) void pump(name, lane);
    return true;
  }, false);
}
