// A thread that changes pixels: claims images of a request one by one until none is left.
import { parentPort } from "node:worker_threads";
import { applyPixelOps } from "./pixel-kernels.mjs";
import { mixImage } from "./mix-kernel.mjs";

/** @typedef {import("./pixel-op.ts").PixelOp[]} Ops */
/**
 * @typedef {{ id: number, images: SharedArrayBuffer, sizePx: number, count: number, next: Int32Array, ops?: Ops[],
 *   mix?: import("./mix.ts").Mix, mixed?: SharedArrayBuffer }} Request `ops` by image, or `mix` of all into `mixed`
 */
parentPort.on("message", (/** @type {Request} */ request) => {
  try {
    for (let i; (i = Atomics.add(request.next, 0, 1)) < request.count;) change(request, i);
    parentPort.postMessage({ id: request.id, error: null });
  } catch (error) {
    parentPort.postMessage({ id: request.id, error: error.message });
  }
});
parentPort.postMessage({ id: null, error: null }); // ready

/** @param {Request} request @param {number} i */
function change({ images, sizePx, count, ops, mix, mixed }, i) {
  const bytes = sizePx * sizePx * 3;
  const image = (/** @type {SharedArrayBuffer} */ memory, at) => new Uint8Array(memory, at * bytes, bytes);
  if (ops !== undefined) return ops[i].length > 0 && applyPixelOps(image(images, i), sizePx, ops[i]);
  const partner = image(images, (i + count - 1) % count);
  return mixImage(image(mixed, i), { own: image(images, i), partner, sizePx, mix });
}
