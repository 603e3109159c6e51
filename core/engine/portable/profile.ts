// Where an engine's time goes: milliseconds by kernel, gathered by the threads themselves (kernels/executor.c: walk) and
// summed over plans of the same kind. Clocks are read here, and what they say never reaches a result.
/* eslint-disable no-restricted-properties */
import type { WorkProfile } from "../engine.ts";
import { STACK_BYTES, type ThreadRegions } from "./layout.ts";
import { LAYOUT } from "./prebuilt/plan-layout.ts";

const ENTRIES = 64; // of a thread's profile, in double precision
const WAITING = 63; // kernels/executor.c: time at barriers

interface Times {
  plans: number;
  wallMs: number;
  /** Summed over threads. */
  readonly entries: Float64Array;
  threads: number;
}

/** Called when a plan has been walked: reads and clears what its threads have noted. */
type Walked = (memory: ArrayBufferLike, regions: ThreadRegions, threads: number) => void;

export class Profile {
  private readonly times = new Map<string, Times>();

  /** @param work the plan's kind */
  begin(work: string): Walked {
    const start = performance.now();
    return (memory, regions, threads) => {
      const times = this.times.get(work) ?? { plans: 0, wallMs: 0, entries: new Float64Array(ENTRIES), threads };
      this.times.set(work, times);
      times.plans++;
      times.wallMs += performance.now() - start;
      for (let thread = 0; thread < threads; thread++) drain(profileOf(memory, regions, thread), times.entries);
    };
  }

  /** @returns what was gathered since the last call */
  take(): WorkProfile[] {
    const taken = [...this.times].map(([work, times]) => ({ work, ...summary(times) }));
    this.times.clear();
    return taken;
  }
}

function profileOf(memory: ArrayBufferLike, { start, scratchBytes }: ThreadRegions, thread: number): Float64Array {
  return new Float64Array(memory, start + thread * (STACK_BYTES + scratchBytes), ENTRIES);
}

function drain(from: Float64Array, to: Float64Array): void {
  from.forEach((ms, entry) => (to[entry] = (to[entry] as number) + ms));
  from.fill(0);
}

/** Per thread, so that the kernels' milliseconds add up to the time that passed. */
function summary({ plans, wallMs, entries, threads }: Times): Omit<WorkProfile, "work"> {
  const ms = (entry: number): number => (entries[entry] as number) / threads;
  const kernels = Object.keys(LAYOUT).map((kernel, number) => ({ kernel, ms: ms(number) }));
  const waiting = { kernel: "waiting for other threads", ms: ms(WAITING) };
  const known = [...kernels, waiting].filter((time) => time.ms > 0).sort((a, b) => b.ms - a.ms);
  const rest = wallMs - known.reduce((sum, time) => sum + time.ms, 0);
  return { plans, wallMs, kernels: [...known, { kernel: "messages between threads", ms: Math.max(0, rest) }] };
}
