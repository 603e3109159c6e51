// A thread that changes pixels: claims images of a request one by one until none is left.
import { parentPort } from "node:worker_threads";
import { applyPixelOps } from "./pixel-kernels.mjs";

/** @typedef {{ id: number, images: SharedArrayBuffer, sizePx: number, ops: import("./pixel-op.ts").PixelOp[][], next: Int32Array }} Request */
parentPort.on("message", (/** @type {Request} */ { id, images, sizePx, ops, next }) => {
  try {
    const bytes = sizePx * sizePx * 3;
    for (let i; (i = Atomics.add(next, 0, 1)) < ops.length;)
      if (ops[i].length > 0) applyPixelOps(new Uint8Array(images, i * bytes, bytes), sizePx, ops[i]);
    parentPort.postMessage({ id, error: null });
  } catch (error) {
    parentPort.postMessage({ id, error: error.message });
  }
});
parentPort.postMessage({ id: null, error: null }); // ready
