#!/usr/bin/env node
// The `exp` command. Our own code runs compiled; what reads experiment files is loaded with the first of them.
import { compiledEntries } from "../compiled/entries.mjs";

const { main: compiledMain, index } = await compiledEntries();
if (process.argv.includes("--debug")) process.setSourceMapsEnabled(true);
const { main } = await import(compiledMain);
await main(process.argv, async (/** @type {string} */ file) => {
  const { importExperiment } = await import("../compiled/import-experiment.mjs");
  return importExperiment(file, index);
});
