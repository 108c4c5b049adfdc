// Orphaned reply-run locks: registry entries whose owner never existed.

import { readdirSync, realpathSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

// Its own file on most versions, part of the run state on 2026.7.1.
const REGISTRY_FILE = /^(reply-run-registry[-.].*|run-state-.*)\.m?js$/;

/** Folder of the gateway's bundled modules, found from the script that was started. */
function distFolder() {
  let folder = path.dirname(realpathSync(process.argv[1]));
  for (let up = 0; up < 4; up += 1, folder = path.dirname(folder)) {
    for (const candidate of [folder, path.join(folder, "dist")]) {
      try {
        if (readdirSync(candidate).some((name) => REGISTRY_FILE.test(name))) return candidate;
      } catch {
        // not a folder: look further up
      }
    }
  }
  throw new Error(`no reply-run registry near ${process.argv[1]}`);
}

let opener;

/** The gateway's own way to open a lock. Export names are minified, so look at the things. */
async function findOpener() {
  const folder = distFolder();
  for (const name of readdirSync(folder).filter((file) => REGISTRY_FILE.test(file))) {
    // The same address the gateway loaded, hence the same module with the same state.
    const things = Object.values(await import(pathToFileURL(path.join(folder, name)).href));
    const registry = things.find((thing) => typeof thing?.begin === "function" && thing.isActive);
    if (registry) return (params) => registry.begin(params);
    const create = things.find((thing) => thing?.name === "createReplyOperation");
    if (create) return create;
  }
  throw new Error(`no way to open a reply-run lock in ${folder}`);
}

export async function leak({ key, sessionId, phase, agentId }) {
  opener ??= await findOpener();
  const params = { sessionKey: key, sessionId, resetTriggered: false };
  const operation = opener(agentId ? { ...params, agentId } : params);
  if (phase === "running") operation.setPhase("running");
  return { key: operation.key, sessionId: operation.sessionId, phase: operation.phase };
}

/** Clear the lock of that key whoever owns it; `cleared` says whether it is really gone. */
export function unleak({ key }) {
  const registry = globalThis[Symbol.for("openclaw.replyRunRegistry")];
  const operation = registry?.activeRunsByKey.get(key);
  if (!operation) return { found: false, cleared: false };
  const clear = registry.clearOperationByOperation?.get(operation);
  operation.fail("run_failed", new Error("cleared by clawtop-lab"));
  clear?.();
  return { found: true, cleared: registry.activeRunsByKey.get(key) !== operation };
}
