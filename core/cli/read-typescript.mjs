// Registers TypeScript (tsx) and the name "lockstep", for experiment files anywhere.
import { register as registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { register as registerTypeScript } from "tsx/esm/api";

let registered = false;

/** @param {string} lockstep URL of what `import … from "lockstep"` means; default: the sources */
export function readTypeScript(lockstep = new URL("../index.ts", import.meta.url).href) {
  if (registered) return;
  registered = true;
  process.env.TSX_TSCONFIG_PATH ??= fileURLToPath(new URL("../../tsconfig.json", import.meta.url)); // else that of the user's folder
  registerTypeScript();
  registerHooks("./resolve-lockstep.mjs", import.meta.url, { data: lockstep });
}
