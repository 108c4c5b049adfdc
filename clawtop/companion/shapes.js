// @ts-check
// Reading values that anything may have written: nothing here throws, nothing is believed unseen.

export const MAX_KEY = 1000;
export const MAX_TEXT = 500;

/**
 * A value that a gateway keeps for its whole process, or undefined.
 * @param {string} name @returns {unknown}
 */
export function slot(name) {
  try {
    return Reflect.get(globalThis, Symbol.for(name));
  } catch {
    return undefined;
  }
}

/**
 * `work()`, or `otherwise` when it throws: a getter or a proxy of somebody else may.
 * @template T, U @param {() => T} work @param {U} otherwise @returns {T | U}
 */
export function guarded(work, otherwise) {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

/**
 * One property, read once; undefined when it cannot be read.
 * @param {unknown} owner @param {PropertyKey} name @returns {unknown}
 */
export function get(owner, name) {
  if (!isObject(owner)) return undefined;
  return guarded(() => Reflect.get(owner, name), undefined);
}

/** @param {unknown} value @returns {value is object} */
export function isObject(value) {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

// The methods of the language itself, called on the value: they refuse everything that is not a
// real Map or Set, proxies included, and ignore methods that somebody replaced on it.

/** @param {unknown} value @returns {value is Map<unknown, unknown>} */
export function isMap(value) {
  return guarded(() => (Map.prototype.has.call(value, undefined), true), false);
}

/** @param {unknown} map @param {unknown} key @returns {unknown} */
export function lookup(map, key) {
  return guarded(() => Map.prototype.get.call(map, key), undefined);
}

/** @param {unknown} map @param {unknown} key @returns {boolean | null} null: no map */
export function holds(map, key) {
  return guarded(() => Map.prototype.has.call(map, key), null);
}

const MOST_LOOKED_AT = 20_000;

/**
 * The entries, as many as anybody could want to see: a map may be huge, or grow while it is read.
 * @param {Map<unknown, unknown>} map @returns {Generator<[unknown, unknown], void>}
 */
export function* entries(map) {
  let looked = 0;
  for (const entry of Map.prototype.entries.call(map)) {
    if ((looked += 1) > MOST_LOOKED_AT) return;
    yield entry;
  }
}

const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, "size")?.get;
const setSize = Object.getOwnPropertyDescriptor(Set.prototype, "size")?.get;

/** @param {Map<unknown, unknown>} map @returns {number} */
export function sizeOf(map) {
  return mapSize?.call(map) ?? 0;
}

/** @param {unknown} value @returns {number | null} how many a real Set holds */
export function countOf(value) {
  return guarded(() => setSize?.call(value) ?? null, null);
}

/** @param {unknown} value @returns {value is unknown[]} */
export function isList(value) {
  return guarded(() => Array.isArray(value), false);
}

/**
 * How many a list holds; null: no list, or a length that nobody can mean.
 * @param {unknown} value @returns {number | null}
 */
export function lengthOf(value) {
  const length = isList(value) ? count(get(value, "length")) : null;
  return length === null || length > MOST_LOOKED_AT ? null : length;
}

/** @param {unknown} value @returns {number | null} ms since the epoch or a duration */
export function time(value) {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

/** @param {unknown} value @returns {number | null} a whole number from 0 on */
export function count(value) {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** @param {unknown} value @returns {boolean | null} */
export function flag(value) {
  return typeof value === "boolean" ? value : null;
}

/**
 * The name of something: whole or not at all, since half a name names something else.
 * @param {unknown} value @returns {string | null}
 */
export function name(value) {
  if (typeof value !== "string" || value === "" || value.length > MAX_KEY) return null;
  return value.isWellFormed() ? value : null;
}

/**
 * A short word, cut where it is too long.
 * @param {unknown} value @returns {string | null}
 */
export function word(value) {
  return typeof value === "string" && value !== "" ? cut(value).text : null;
}

/**
 * The first 500 characters. No pair of surrogates is split, and half ones are replaced, because
 * strict readers of JSON refuse them.
 * @param {string} value @returns {{text: string, cut: boolean}}
 */
export function cut(value) {
  if (value.length <= MAX_TEXT) return { text: value.toWellFormed(), cut: false };
  const last = value.charCodeAt(MAX_TEXT - 1);
  const end = last >= 0xd800 && last <= 0xdbff ? MAX_TEXT - 1 : MAX_TEXT;
  return { text: value.slice(0, end).toWellFormed(), cut: true };
}
