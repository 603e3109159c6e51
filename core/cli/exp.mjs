#!/usr/bin/env node
// The `exp` command. Registers TypeScript (tsx) and the name "lockstep" for experiment files anywhere, then hands over to main.ts.
import { register as registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { register as registerTypeScript } from "tsx/esm/api";

process.env.TSX_TSCONFIG_PATH ??= fileURLToPath(new URL("../../tsconfig.json", import.meta.url)); // else that of the user's folder
registerTypeScript();
registerHooks("./resolve-lockstep.mjs", import.meta.url);
const { main } = await import("./main.ts");
await main(process.argv);
