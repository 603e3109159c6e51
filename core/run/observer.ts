// Who watches a sweep: the command line's display, or a test. Every call returns at once and may do nothing.
import type { TrainProgress } from "../train/contract.ts";
import type { Metrics, RunStatus } from "../train/recorder.ts";

export interface RunName {
  readonly run: string;
  readonly experiment: string;
  readonly variant: string;
  readonly seed: number;
  /** Of a k-fold split, from 0; else null. */
  readonly fold: number | null;
}

/** How a run ended; the same names as in `exp run --json` and `exp show --json`. */
export interface RunSummary extends RunName {
  readonly status: RunStatus;
  readonly digest: string | null;
  /** Null where the run did not reach its test stage. */
  readonly test: (Metrics & { readonly confusion: readonly (readonly number[])[] }) | null;
}

export interface RunStart {
  readonly name: RunName;
  /** Position in the sweep, from 1. */
  readonly index: number;
  readonly total: number;
  /** Rough cost of this run and of all that follow, in the same unit. */
  readonly cost: number;
  readonly costAfter: number;
  readonly resumed: boolean;
}

export interface SweepObserver {
  /** What is going on before and between trainings: "preparing images". */
  readonly stage: (text: string) => void;
  /** How far one of these is that takes a while: "looking at images". Called often. */
  readonly counting: (what: string, done: number, total: number) => void;
  readonly notice: (text: string) => void;
  readonly runStarted: (start: RunStart) => void;
  readonly progress: (progress: TrainProgress) => void;
  /** A line of the run's own console output. */
  readonly output: (level: "info" | "warning" | "error", text: string) => void;
  readonly runEnded: (summary: RunSummary) => void;
}
