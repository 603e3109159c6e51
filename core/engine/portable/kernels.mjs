// The compiled kernels as a thread sees them: in wasm an instance for each program's memory.

/**
 * @typedef {{ kind: "wasm", module: WebAssembly.Module }} Kernels
 * @typedef {{ thread: number, threads: number, stack: number, control: number }} Place stack: it grows down from here, scratch lies above
 */

/** @param {Kernels} kernels */
export async function openKernels(kernels) {
  return openWasm(kernels.module);
}

/** @param {WebAssembly.Module} module */
function openWasm(module) {
  const instantiate = (/** @type {WebAssembly.Memory} */ memory) =>
    new WebAssembly.Instance(module, { env: { memory } }).exports;
  return {
    /** A digest over what the kernels compute from fixed inputs, 16 hex digits. */
    selfTest() {
      return "";
    },
    /** @param {WebAssembly.Memory} memory @param {Place} place */
    bind(memory, { thread, threads, stack, control }) {
      const wasm = instantiate(memory);
      wasm.__stack_pointer.value = stack;
      return (/** @type {number} */ plan, /** @type {number} */ records) =>
        wasm.walk(plan, records, thread, threads, stack, control);
    },
  };
}
