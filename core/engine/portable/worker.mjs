// An engine thread: holds the programs' memories and walks plans over them (kernels/executor.c). Thread `thread` of `threads`.
import { parentPort, workerData } from "node:worker_threads";
import { openKernels } from "./kernels.mjs";

const { thread, threads } = workerData;
const kernels = openKernels(workerData.kernels);
const PAGE_WORDS = 1024; // of 4 kB

/** Walks `records` records from `plan` on; 0 where it was told to stop. @type {Map<number, (plan: number, records: number) => number>} */
const programs = new Map();

/**
 * @typedef {{ id: number, kind: "attach", program: number, memory: WebAssembly.Memory, scratch: number, scratchBytes: number,
 *   stackBytes: number, control: number, profiled: boolean }} Attach scratch: where the threads' regions of stack and scratch begin
 * @typedef {{ id: number, kind: "walk", program: number, plan: number, records: number }} Walk
 * @typedef {{ id: number, kind: "detach", program: number }} Detach
 */
parentPort.on("message", (/** @type {Attach | Walk | Detach} */ message) => {
  try {
    parentPort.postMessage({ kind: "answer", id: message.id, answer: handle(message) });
  } catch (error) {
    parentPort.postMessage({ kind: "failed", id: message.id, message: `engine portable: ${error.message}` });
  }
});
parentPort.postMessage({ kind: "ready", about: kernels.selfTest() });

/** @param {Attach | Walk | Detach} message */
function handle(message) {
  if (message.kind === "walk") return programs.get(message.program)(message.plan, message.records);
  if (message.kind === "detach") programs.delete(message.program);
  else {
    const { memory, scratch, scratchBytes, stackBytes, control, profiled } = message;
    const region = scratch + thread * (stackBytes + scratchBytes);
    const place = { thread, threads, stack: region + stackBytes, control, profile: profiled ? region : 0 };
    programs.set(message.program, kernels.bind(memory, place));
    touch(memory);
  }
  return 1;
}

/** Has the system give the memory's pages now, all threads together, and not in the middle of the first step. @param {WebAssembly.Memory} memory */
function touch({ buffer }) {
  const words = new Int32Array(buffer);
  for (let at = thread * PAGE_WORDS; at < words.length; at += threads * PAGE_WORDS) Atomics.or(words, at, 0);
}
