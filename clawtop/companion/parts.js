// @ts-check
// What every part of the answer looks like, and how it is kept small.

import { guarded } from "./shapes.js";

/**
 * @typedef {object} Part
 * @property {boolean} supported
 * @property {string} [why]
 * @property {number} [total]
 * @property {object[]} [items]
 * @property {string | null} [generation] Of locks alone; told beside the parts.
 */

/** @param {string} why @returns {Part} */
export const unsupported = (why) => ({ supported: false, why });

/**
 * Read one part; what goes wrong in it stays in it.
 * @param {() => Part} read @returns {Part}
 */
export function part(read) {
  return guarded(read, unsupported("reading it failed: its shape is not one this plugin knows"));
}

/** Keeps items as long as they fit a bound in number and in bytes of JSON. */
export class Bounded {
  /** @param {number} most @param {number} bytes */
  constructor(most, bytes) {
    /** @type {object[]} */
    this.items = [];
    this.most = most;
    this.left = bytes;
  }

  /** @param {object} item @returns {boolean} false: it did not fit */
  add(item) {
    if (this.items.length >= this.most) return false;
    const bytes = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (bytes > this.left) return false;
    this.left -= bytes;
    this.items.push(item);
    return true;
  }
}

/**
 * @typedef {object} Seen
 * @property {number} total How many there are of what `items` lists, unreadable ones included.
 * @property {number} readable How many entries could be read, whether they are listed or not.
 * @property {number} unreadable
 */

/**
 * A part with these items. Entries that could not be read are said aloud; when there are only
 * such, the shape is not what this plugin knows.
 * @param {object[]} items @param {Seen} seen @param {object} [more] @returns {Part}
 */
export function told(items, { total, readable, unreadable }, more = {}) {
  if (unreadable > 0 && readable === 0) {
    return unsupported("no entry of it has a shape this plugin knows");
  }
  const missed = unreadable > 0 ? { unreadable } : {};
  return { supported: true, total, ...missed, ...more, items };
}
