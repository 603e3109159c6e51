// A thread that draws random weights (draw-ahead.ts) and ends.
import { parentPort, workerData } from "node:worker_threads";

/** @type {import("./draw-ahead.ts").DrawJob} */
const { random, draws } = workerData;
const { stream } = await import(random);
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
