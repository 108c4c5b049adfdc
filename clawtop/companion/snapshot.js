// @ts-check
// The whole answer of clawtop.snapshot. Each part stands for itself.

import { readEvents } from "./events.js";
import { readFollowups } from "./followups.js";
import { readLanes } from "./lanes.js";
import { operations, readLocks } from "./locks.js";
import { memory } from "./memory.js";
import { part } from "./parts.js";
import { readRecoveries } from "./recoveries.js";
import { keyOfLock, readRuns } from "./runs.js";
import * as is from "./shapes.js";

/**
 * @param {object} asked
 * @param {unknown} asked.params {sinceSeq?, instance?}
 * @param {unknown} asked.context of the asking method
 * @param {string} asked.version of this plugin
 * @param {unknown} asked.gatewayVersion @param {boolean} asked.canRelease
 */
export function snapshot({ params, context, version, gatewayVersion, canRelease }) {
  const now = Date.now();
  const { generation = null, ...locks } = part(() => readLocks(context));
  return {
    schema: "clawtop.companion/1",
    version,
    gatewayVersion: is.word(gatewayVersion),
    instance: memory().instance,
    at: now,
    canRelease,
    generation,
    locks,
    followups: part(readFollowups),
    systemEvents: part(readEvents),
    lanes: part(() => readLanes(now)),
    runs: part(() => readRuns(context, keyOfLock(operations()))),
    recoveries: part(() => readRecoveries(is.get(params, "sinceSeq"), is.get(params, "instance"))),
  };
}
