// Loaded before `exp run` by bench/start.ts: writes when each phase was first reached, in milliseconds since 1970, to PHASES_FILE.
import { subscribe } from "node:diagnostics_channel";
import { writeFileSync } from "node:fs";

/** @type {Record<string, number>} */
const times = {};
subscribe("lockstep:phase", (phase) => {
  times[String(phase)] ??= Date.now();
});
process.on("exit", () => writeFileSync(/** @type {string} */ (process.env.PHASES_FILE), JSON.stringify(times)));
