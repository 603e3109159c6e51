// A resampling thread: claims jobs of a request one by one, takes the rows that a box needs out of a file or of shared memory into
// its own memory, and lets the kernel write the result to its place. Its memory grows to what the largest box needs.
import { readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { openKernels } from "./kernels.mjs";

const READ_AHEAD = 32; // bytes that the kernel may read behind the source

const kernels = openKernels(workerData.kernels);
const kernel = kernels.openResampler();

/**
 * @typedef {{ offset: number, widthPx: number, heightPx: number }} Image where it starts in the file or the pixels
 * @typedef {{ left: number, top: number, width: number, height: number, flip: boolean }} Box
 * @typedef {{ id: number, file: number | null, pixels: SharedArrayBuffer | null, images: Image[], boxes: Box[], outWidthPx: number,
 *   outHeightPx: number, output: SharedArrayBuffer, next: Int32Array }} Request file: a descriptor, or else the pixels;
 *   next: the first job that nobody has claimed
 */
parentPort.on("message", (/** @type {Request} */ request) => {
  try {
    const output = new Uint8Array(request.output);
    for (let i; (i = Atomics.add(request.next, 0, 1)) < request.boxes.length;) resample(request, i, output);
    parentPort.postMessage({ kind: "answer", id: request.id, answer: null });
  } catch (error) {
    parentPort.postMessage({ kind: "failed", id: request.id, message: `resampling: ${error.message}` });
  }
});
parentPort.postMessage({ kind: "ready", about: kernels.selfTest() });

/** @param {Request} request @param {number} i @param {Uint8Array} output of all jobs */
function resample(request, i, output) {
  const { outWidthPx, outHeightPx } = request;
  const image = request.images[i];
  const box = request.boxes[i];
  const x0 = Math.max(0, Math.floor(box.left));
  const y0 = Math.max(0, Math.floor(box.top));
  const x1 = Math.min(image.widthPx, Math.ceil(box.left + box.width));
  const y1 = Math.min(image.heightPx, Math.ceil(box.top + box.height));
  const stride = image.widthPx * 3;
  const scratch = align(stride * (y1 - y0) + READ_AHEAD);
  const memory = kernel.reserve(scratch + scratchBytes(x1 - x0, y1 - y0, box.width, outWidthPx));
  takeRows(request, image.offset + y0 * stride, memory.subarray(0, stride * (y1 - y0)));
  const place = [stride, x1 - x0, y1 - y0, box.left - x0, box.top - y0, box.width, box.height];
  const bytes = outWidthPx * outHeightPx * 3;
  const out = output.subarray(i * bytes, (i + 1) * bytes);
  kernel.resample([...place, outWidthPx, outHeightPx, box.flip ? 1 : 0, x0 * 3, 0, scratch], out);
}

/** @param {Request} request @param {number} from @param {Uint8Array} to */
function takeRows({ file, pixels }, from, to) {
  if (file === null) return to.set(new Uint8Array(pixels, from, to.length));
  for (let at = 0; at < to.length;) {
    const read = readSync(file, to, at, to.length - at, from + at);
    if (read === 0) throw new Error("the file of prepared images became shorter while it was in use");
    at += read;
  }
}

/** As kernels/resample.c lays it out: one summed row, the weights of a row, and for each column its place and weights. */
function scratchBytes(width, height, boxWidth, outWidth) {
  const slot = 2 * Math.floor(Math.max(1, boxWidth / outWidth)) + 4;
  return 4 * (width * 3 + 24 + height + 2 + outWidth * (1 + slot) + 16);
}

/** @param {number} address */
function align(address) {
  return Math.ceil(address / 64) * 64;
}
