// The compiled kernels as a thread sees them: wasm, one instance for each program's memory, or the native addon, which works
// in the same memory in place.
import { createRequire } from "node:module";
import { nativeResampler, wasmResampler } from "./resample-kernel.mjs";

/**
 * @typedef {{ kind: "wasm", module: WebAssembly.Module } | { kind: "native", path: string, level: number }} Kernels
 *   level: LEVEL_* in kernels/cpu.h
 * @typedef {{ thread: number, threads: number, stack: number, control: number, profile: number }} Place
 *   stack: where C's stack begins, growing down (wasm); the thread's scratch lies above; profile: see kernels/executor.c, or 0
 * @typedef {{
 *   selfTest: () => string,
 *   bind: (memory: WebAssembly.Memory, place: Place) => (plan: number, records: number) => number,
 *   openResampler: () => import("./resample-kernel.mjs").ResampleKernel,
 * }} OpenKernels
 *   selfTest: 16 hex digits, see kernels/self-test.c; bind: what walks plans in that memory, 1 or 0 where it was stopped
 */

const nowMs = () => performance.now(); // eslint-disable-line no-restricted-properties -- for a profile only
const SELF_TEST_BYTES = 4 << 20; // more than kernels/self-test.c needs

/** @param {Kernels} kernels @returns {OpenKernels} */
export function openKernels(kernels) {
  return kernels.kind === "wasm" ? openWasm(kernels.module) : openNative(kernels.path, kernels.level);
}

/** @param {WebAssembly.Module} module @returns {OpenKernels} */
function openWasm(module) {
  const instantiate = (/** @type {WebAssembly.Memory} */ memory, /** @type {number} */ stack) => {
    const exports = /** @type {any} */ (new WebAssembly.Instance(module, { env: { memory, nowMs } }).exports);
    exports.__stack_pointer.value = stack;
    return exports;
  };
  return {
    selfTest: () => {
      const memory = new WebAssembly.Memory({ initial: SELF_TEST_BYTES >> 16, maximum: 65536, shared: true });
      return hex(instantiate(memory, SELF_TEST_BYTES).selfTest());
    },
    bind: (memory, { thread, threads, stack, control, profile }) => {
      const wasm = instantiate(memory, stack);
      return (plan, records) => wasm.walk(plan, records, thread, threads, stack, control, profile);
    },
    openResampler: () => wasmResampler(instantiate),
  };
}

/** @param {string} path @param {number} level @returns {OpenKernels} */
function openNative(path, level) {
  const addon = createRequire(import.meta.url)(path);
  return {
    selfTest: () => hex(addon.selfTest(new Uint8Array(SELF_TEST_BYTES), level)),
    bind: (memory, { thread, threads, stack, control, profile }) => {
      addon.adviseHugePages(new Uint8Array(memory.buffer));
      return (plan, records) =>
        addon.walk(new Uint8Array(memory.buffer), level, plan, records, thread, threads, stack, control, profile);
    },
    openResampler: () => nativeResampler(addon, level),
  };
}

/** @param {bigint} hash */
function hex(hash) {
  return BigInt.asUintN(64, hash).toString(16).padStart(16, "0");
}
