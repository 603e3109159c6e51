// kernels/resample.c as a thread sees it: memory of its own that grows on demand, and the kernel over it, in wasm or native.

const PAGE = 65536;
const JOB = PAGE; // the C stack is the memory's first page, then comes the job
const WORKSPACE = JOB + 128;

/**
 * @typedef {{ reserve: (bytes: number) => Uint8Array, resample: (job: number[], output: Uint8Array) => void }} ResampleKernel
 *   reserve: the thread's memory, at least so many bytes; resample: job as ResampleJob in kernels/resample.c, with source and
 *   scratch as offsets into that memory and output into `output`
 */

/** @param {(memory: WebAssembly.Memory, stack: number) => any} instantiate @returns {ResampleKernel} */
export function wasmResampler(instantiate) {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 16384, shared: true });
  const wasm = instantiate(memory, PAGE);
  let reserved = 0;
  const grow = (/** @type {number} */ bytes) => {
    const missing = WORKSPACE + bytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
  };
  return {
    reserve: (bytes) => {
      grow((reserved = bytes));
      return new Uint8Array(memory.buffer, WORKSPACE);
    },
    resample: (job, output) => {
      grow(reserved + output.length);
      const [source, out, scratch] = job.slice(-3);
      const places = [WORKSPACE + source, WORKSPACE + reserved + out, WORKSPACE + scratch];
      new Float64Array(memory.buffer, JOB, job.length).set([...job.slice(0, -3), ...places]);
      wasm.resample(JOB);
      output.set(new Uint8Array(memory.buffer, WORKSPACE + reserved, output.length));
    },
  };
}

/** @param {{ resample: (job: Float64Array, memory: Uint8Array, output: Uint8Array, level: number) => void }} addon
 *  @param {number} level @returns {ResampleKernel} */
export function nativeResampler(addon, level) {
  let memory = new Uint8Array(1 << 20);
  return {
    reserve: (bytes) => {
      if (memory.length < bytes) memory = new Uint8Array(bytes);
      return memory;
    },
    resample: (job, output) => addon.resample(Float64Array.from(job), memory, output, level),
  };
}
