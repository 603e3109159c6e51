#!/usr/bin/env node
// The `exp` command. Registers TypeScript (tsx) and the name "lockstep" for experiment files anywhere, then hands over to main.ts.
import { register as registerHooks } from "node:module";
import { register as registerTypeScript } from "tsx/esm/api";

registerTypeScript();
registerHooks("./resolve-lockstep.mjs", import.meta.url);
const { main } = await import("./main.ts");
await main(process.argv);
