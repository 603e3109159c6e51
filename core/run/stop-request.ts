// `exp stop RUN` and the dashboard's button write a moment into the run's row; the process that trains it looks there every second.
import { Interrupted } from "../errors.ts";
import { wasStopRequested } from "../store/runs.ts";
import type { Workshop } from "./workshop.ts";

const EVERY_MS = 1000;

export interface StopWatch {
  /** Fires on a request for this run and when the whole sweep is interrupted. */
  readonly signal: AbortSignal;
  readonly dispose: () => void;
}

export function watchStopRequests(
  { store, interrupt }: Pick<Workshop, "store" | "interrupt">,
  runId: string,
): StopWatch {
  const own = new AbortController();
  const ask = async (): Promise<void> => {
    const requested = await wasStopRequested(store, runId).catch(() => false); // away: the recorder tells; it is asked again
    if (requested) own.abort(new Interrupted("stopped by exp stop"));
  };
  const timer = setInterval(() => void ask(), EVERY_MS).unref();
  return { signal: AbortSignal.any([interrupt.signal, own.signal]), dispose: () => clearInterval(timer) };
}
