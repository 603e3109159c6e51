// Where everything lies in a program's memory: control words, the plan of the moment, the program's own buffers, each
// thread's stack and scratch, then what plans share. And how much memory there may be.
import { totalmem } from "node:os";
import { LockstepError } from "../../errors.ts";
import { roundUp } from "./plan.ts";

export const CONTROL = 1024; // kernels/executor.c: Control; below it nothing, since offset 0 means absent
export const PLAN = 4096;
export const PLAN_BYTES = 1 << 20;
export const PROGRAM = PLAN + PLAN_BYTES;
export const STACK_BYTES = 65536; // of C, used in wasm only; a thread's profile, where one is made, lies at its far end

const WASM_LIMIT_BYTES = 4294967296 - 65536;

export interface ThreadRegions {
  /** Start of the first thread's stack; its scratch follows, then the next thread's stack. */
  readonly start: number;
  readonly scratchBytes: number;
  readonly end: number;
}

export function threadRegions(programEnd: number, scratchBytes: number, threads: number): ThreadRegions {
  const start = roundUp(programEnd, 4096);
  const bytes = roundUp(scratchBytes, 4096) + 4096; // threads do not share a page
  return { start, scratchBytes: bytes, end: start + threads * (STACK_BYTES + bytes) };
}

/** Bytes that a program may take on this machine. */
export function memoryLimit(): number {
  const constrained = process.constrainedMemory();
  const machine = constrained > 0 && constrained < totalmem() ? constrained : totalmem();
  return Math.min(WASM_LIMIT_BYTES, machine);
}

/** @param fitting the largest batch size that fits, or 0 */
export function tooLarge(neededBytes: number, batchSize: number, fitting: number): LockstepError {
  const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);
  const need = `batch size ${batchSize} needs ${gigabytes(neededBytes)} GB`;
  return new LockstepError({
    code: "memory",
    message: `engine portable: ${need}, a program may have ${gigabytes(memoryLimit())} GB here`,
    next: fitting > 0 ? `Use a batch size of at most ${fitting}.` : "Use smaller images: not even one fits.",
  });
}
