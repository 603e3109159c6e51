// Measures how late the main thread comes to what waits for it, of `exp run --profile`. It computes nothing of a training, but copies,
// hashes and records between the steps (core/turns.ts).
import { monitorEventLoopDelay } from "node:perf_hooks";
import { LOOP_DELAY_NAMES, type LoopDelay } from "../store/loop-delay.ts";
import type { Recorder } from "../train/recorder.ts";

/** A timer that fires so often tells how late it is. */
const RESOLUTION_MS = 2;

/** @returns ends the measurement and records it */
export function watchLoop(recorder: Recorder): () => void {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return () => {
    histogram.disable();
    const late = (sinceLastNs: number): number => Math.max(0, sinceLastNs / 1e6 - RESOLUTION_MS);
    const delay: LoopDelay = {
      p50Ms: late(histogram.percentile(50)),
      p99Ms: late(histogram.percentile(99)),
      maxMs: late(histogram.max),
    };
    for (const key of ["p50Ms", "p99Ms", "maxMs"] as const)
      recorder.record({ kind: "metric", name: LOOP_DELAY_NAMES[key], step: 0, epoch: null, value: delay[key] });
  };
}
