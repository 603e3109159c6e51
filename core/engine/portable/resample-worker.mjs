// A resampling thread: claims jobs of a request one by one, copies each box's pixels into its own wasm memory, runs the
// kernel and copies the result out. Its memory grows to what the largest image needs.
import { parentPort, workerData } from "node:worker_threads";

const PAGE = 65536;
const STACK = PAGE; // the C stack: the memory's first page
const FIELDS = 12; // of ResampleJob in kernels/resample.c, all doubles
const READ_AHEAD = 32; // bytes that the kernel may read behind the source

const memory = new WebAssembly.Memory({ initial: 16, maximum: 16384, shared: true });
const { exports } = await WebAssembly.instantiate(workerData.module, {
  env: { memory, nowMs: () => 0 },
});
exports.__stack_pointer.value = STACK;

/**
 * @typedef {{ offset: number, widthPx: number, heightPx: number }} Image where it starts in the request's pixels
 * @typedef {{ left: number, top: number, width: number, height: number, flip: boolean }} Box
 * @typedef {{ id: number, pixels: SharedArrayBuffer, images: Image[], boxes: Box[], outWidthPx: number, outHeightPx: number,
 *   output: SharedArrayBuffer, next: Int32Array }} Request next: the first job that nobody has claimed
 */
parentPort.on("message", (/** @type {Request} */ request) => {
  try {
    const pixels = new Uint8Array(request.pixels);
    const output = new Uint8Array(request.output);
    for (let i; (i = Atomics.add(request.next, 0, 1)) < request.boxes.length;) {
      output.set(resample(pixels, request.images[i], request.boxes[i], request), i * outputBytes(request));
    }
    parentPort.postMessage({ kind: "answer", id: request.id, answer: null });
  } catch (error) {
    parentPort.postMessage({ kind: "failed", id: request.id, message: `resampling: ${error.message}` });
  }
});
parentPort.postMessage({ kind: "ready", about: null });

/** @param {Request} request */
function outputBytes(request) {
  return request.outWidthPx * request.outHeightPx * 3;
}

/** @param {Uint8Array} pixels @param {Image} image @param {Box} box @param {Request} request @returns {Uint8Array} a view of the result */
function resample(pixels, image, box, request) {
  const x0 = Math.max(0, Math.floor(box.left));
  const y0 = Math.max(0, Math.floor(box.top));
  const x1 = Math.min(image.widthPx, Math.ceil(box.left + box.width));
  const y1 = Math.min(image.heightPx, Math.ceil(box.top + box.height));
  const rowBytes = (x1 - x0) * 3;
  const at = STACK + FIELDS * 8;
  const output = align(at + rowBytes * (y1 - y0) + READ_AHEAD);
  const scratch = align(output + outputBytes(request));
  reserve(scratch + scratchBytes(x1 - x0, y1 - y0, box, request));
  const bytes = new Uint8Array(memory.buffer);
  for (let y = y0; y < y1; y++) {
    const from = image.offset + (y * image.widthPx + x0) * 3;
    bytes.set(pixels.subarray(from, from + rowBytes), at + (y - y0) * rowBytes);
  }
  const source = [x1 - x0, y1 - y0, box.left - x0, box.top - y0, box.width, box.height];
  const job = [...source, request.outWidthPx, request.outHeightPx, box.flip ? 1 : 0, at, output, scratch];
  new Float64Array(memory.buffer, STACK, FIELDS).set(job);
  exports.resample(STACK);
  return bytes.subarray(output, output + outputBytes(request));
}

/** One summed row, the weights of a row, and for each output column its taps and weights. All in float32 or int32. */
function scratchBytes(width, height, box, request) {
  const tapsX = 2 * Math.max(1, box.width / request.outWidthPx) + 2;
  return 4 * (width * 3 + 24 + height + 2 + request.outWidthPx * (2 + Math.ceil(tapsX)) + 16);
}

/** @param {number} bytes */
function reserve(bytes) {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
}

/** @param {number} address */
function align(address) {
  return Math.ceil(address / 64) * 64;
}
