// A thread that draws random weights (draw-ahead.ts) and ends.
import { parentPort, workerData } from "node:worker_threads";
import { compiledEntries } from "../compiled/entries.mjs";

/** @type {readonly import("./initialize.ts").NormalDraw[]} */
const draws = workerData;
const { core } = await compiledEntries();
const { stream } = await import(new URL("random.js", core).href);
const drawn = new Map(
  draws.map(({ name, key, length, std }) => {
    const values = new Float32Array(length);
    stream(...key).fillNormal(values, std);
    return [name, values];
  }),
);
parentPort?.postMessage(
  drawn,
  [...drawn.values()].map(({ buffer }) => buffer),
);
