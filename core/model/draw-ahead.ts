// Draws a network's random weights in threads, while the main thread is busy with other things: a third of a second for the largest.
import { Worker } from "node:worker_threads";
import { drawnNormal, type NormalDraw } from "./initialize.ts";
import type { Network } from "./network.ts";

const THREADS = 2;

const ahead = new WeakMap<Network, Map<number, Promise<Map<string, Float32Array>>>>();

/** Begins. @param wanted which parameters will be drawn, by name */
export function drawAhead(network: Network, seed: number, wanted: (name: string) => boolean): void {
  const draws = network.parameters.flatMap((parameter) => (wanted(parameter.name) ? drawnNormal(parameter, seed) : []));
  const shares = share(draws).filter(({ length }) => length > 0);
  const drawing = Promise.all(shares.map(drawInThread));
  const drawn = drawing.then((parts) => new Map(parts.flatMap((part) => [...part])));
  drawn.catch(() => undefined); // told where it is taken
  ahead.set(network, new Map([[seed, drawn]]));
}

/** What was begun for this network and seed, once; else nothing. */
export async function drawnAhead(network: Network, seed: number): Promise<Map<string, Float32Array>> {
  const drawn = await ahead.get(network)?.get(seed);
  ahead.delete(network);
  return drawn ?? new Map();
}

/** The longest first, each to whoever has least. */
function share(draws: readonly NormalDraw[]): NormalDraw[][] {
  const shares = Array.from({ length: THREADS }, () => ({ length: 0, draws: [] as NormalDraw[] }));
  for (const draw of [...draws].sort((a, b) => b.length - a.length)) {
    const least = shares.reduce((a, b) => (b.length < a.length ? b : a));
    least.draws.push(draw);
    least.length += draw.length;
  }
  return shares.map((one) => one.draws);
}

/** @param workerData what draw-worker.mjs is given; it posts values by name */
function drawInThread(workerData: readonly NormalDraw[]): Promise<Map<string, Float32Array>> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./draw-worker.mjs", import.meta.url), { workerData });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.unref();
  });
}
