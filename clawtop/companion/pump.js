// @ts-check
// Makes a renewed lane go on. Nothing but the gateway's own queue module can: what waits in a lane
// is started when a task of it ends or another one is queued, and the dead one's end does not
// count any more. Without this, what waited in the lane itself waited on until the next message
// came (measured on 2026.5.28).

import { readdir, realpath } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { loadOf } from "./lanes.js";
import * as is from "./shapes.js";

const MODULE = /^command-queue-[^.]*\.m?js$/;
const FUNCTION = "setCommandLaneConcurrency";

/**
 * Start what waits in that lane, as far as it has room. To set the limit that it has changes
 * nothing, and makes the gateway look at the lane. Where the module cannot be found nothing
 * happens: the next message of that session does the same.
 * @param {string} name @param {unknown} lane @returns {Promise<boolean>} whether it was asked to
 */
export async function pump(name, lane) {
  try {
    const limit = is.count(is.get(lane, "maxConcurrent"));
    const setLimit = await limitSetter();
    const load = loadOf(lane);
    if (limit === null || setLimit === null || !load?.queued || load.active > 0) return false;
    setLimit(name, limit);
    return true;
  } catch {
    return false;
  }
}

/** @returns {Promise<Function | null>} */
async function limitSetter() {
  let folder = path.dirname(await realpath(process.argv[1] ?? ""));
  for (let up = 0; up < 4; up += 1, folder = path.dirname(folder)) {
    for (const place of [folder, path.join(folder, "dist")]) {
      const names = await readdir(place).catch(() => []);
      for (const file of names.filter((one) => MODULE.test(one))) {
        // The address that the gateway loaded it by, hence the very same module.
        const module = await import(pathToFileURL(path.join(place, file)).href);
        const found = Object.values(module).find((thing) => thing?.name === FUNCTION);
        if (typeof found === "function") return found;
      }
    }
  }
  return null;
}
