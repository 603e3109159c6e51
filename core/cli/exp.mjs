#!/usr/bin/env node
// The `exp` command. Our own code runs compiled (compiled.mjs); experiment files, anywhere, and where nothing can be compiled our own code
// too, are read by tsx, which takes a while to start: not before the first experiment is loaded.
import { setEnvironmentData } from "node:worker_threads";
import { compiledEntries } from "./compiled.mjs";

const entries = await compiledEntries();
if (entries !== null && process.argv.includes("--debug")) process.setSourceMapsEnabled(true);
if (entries !== null) setEnvironmentData("lockstep compiled", entries.core); // for our threads
const readTypeScript = async () => (await import("./read-typescript.mjs")).readTypeScript(entries?.index);
if (entries === null) await readTypeScript();
const { main } = await import(entries?.main ?? "./main.ts");
await main(process.argv, readTypeScript);
