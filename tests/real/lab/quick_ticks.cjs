// Loaded into a lab gateway with NODE_OPTIONS=--require: its diagnostic tick comes every 4 s
// instead of every 30 s, so that a story of minutes fits into a test. Nothing else changes.
const { setInterval } = globalThis;
globalThis.setInterval = (work, ms, ...rest) => setInterval(work, ms === 30_000 ? 4_000 : ms, ...rest);
