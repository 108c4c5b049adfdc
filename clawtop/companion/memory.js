// @ts-check
// What this plugin remembers, once per process: register() may run twice in one (measured on
// 2026.5.28), and a restart inside the process keeps the gateway's maps, hence our tokens too.

import { randomUUID } from "node:crypto";
import { isObject } from "./shapes.js";

const SLOT = Symbol.for("clawtop.companion");
const SHAPE = 1;

/**
 * @typedef {object} Memory
 * @property {number} shape
 * @property {string} instance
 * @property {WeakMap<object, string>} tokens Holds neither operations nor events alive.
 * @property {number} next
 * @property {object[]} recoveries A ring; see recoveries.js.
 * @property {number} lost How many fell out of the ring.
 * @property {number} lastSeq
 * @property {(() => void) | null} unsubscribe
 * @property {string | null} unheard Why recovery events are not heard.
 */

/** @returns {Memory} */
export function memory() {
  const known = Reflect.get(globalThis, SLOT);
  if (known?.shape === SHAPE) return known;
  /** @type {Memory} */
  const fresh = {
    shape: SHAPE,
    instance: randomUUID(),
    tokens: new WeakMap(),
    next: 1,
    recoveries: [],
    lost: 0,
    lastSeq: 0,
    unsubscribe: null,
    unheard: "it was never asked for",
  };
  Reflect.set(globalThis, SLOT, fresh);
  return fresh;
}

/**
 * The token of this very object, made when it is first seen. Another process has other tokens.
 * @param {object} thing @returns {string}
 */
export function tokenOf(thing) {
  const own = memory();
  const known = own.tokens.get(thing);
  if (known) return known;
  const made = `${own.instance.slice(0, 8)}-${own.next++}`;
  own.tokens.set(thing, made);
  return made;
}

/** @param {unknown} thing @param {string} token @returns {thing is object} */
export function isNamed(thing, token) {
  return isObject(thing) && memory().tokens.get(thing) === token;
}
