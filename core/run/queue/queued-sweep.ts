// A sweep with halving that was left to workers: every job of it holds the sweep, and whoever ends the last run of a rung decides, from stored
// results alone, and sends who goes on. It may be asked any number of times by any process: the answer follows from the database.
import type { Halving } from "../../experiment/settings.ts";
import { hasReached, readRungValues, type RungValue } from "../../store/halving.ts";
import type { Store } from "../../store/index.ts";
import type { RunStatus } from "../../train/recorder.ts";
import { decideRung, keptVariants, sentence, type Contestant } from "../decide-rung.ts";
import { rungEpochs, type Decision } from "../rungs.ts";

export interface QueuedSweep {
  readonly halving: Halving;
  /** Of a run that goes to its end. */
  readonly epochs: number;
  /** In the order of the experiment. */
  readonly runs: readonly { readonly runId: string; readonly variant: string }[];
}

/** Runs that are to be trained now, to a rung or to the end (null). */
export interface NextLeg {
  readonly runIds: readonly string[];
  readonly pauseAfterEpoch: number | null;
  /** What was decided on the way, for people. */
  readonly said: readonly string[];
}

export async function nextLeg(store: Store, { halving, epochs, runs }: QueuedSweep): Promise<NextLeg> {
  const said: string[] = [];
  let alive = await standingsOf(store, runs);
  for (const rung of rungEpochs(halving, epochs)) {
    if (new Set(alive.map(({ variant }) => variant)).size === 1) break;
    const ids = alive.map(({ runId }) => runId);
    const values = await readRungValues(store, ids, { metric: halving.metric, epoch: rung });
    const below = alive.filter((run) => !stands(run, values, rung)).map(({ runId }) => runId);
    if (below.length > 0) return { runIds: below, pauseAfterEpoch: rung, said };
    const known = await storedDecisions(store, ids, rung);
    const decisions = known ?? (await decideRung(store, { alive, rung, values }, halving));
    if (known === null) said.push(sentence(decisions, halving.metric, rung));
    const kept = keptVariants(decisions);
    alive = alive.filter(({ variant }) => kept.has(variant));
  }
  const open = alive.filter(({ status, failed }) => status !== "done" && !failed);
  return { runIds: open.map(({ runId }) => runId), pauseAfterEpoch: null, said };
}

/** Null: it was not decided yet. */
async function storedDecisions(store: Store, ids: readonly string[], rung: number): Promise<Decision[] | null> {
  const rows = await store.sql<Decision[]>`
    select variant, score, rank, kept from halving_decisions join runs using (run_id)
    where run_id = any(${[...ids]}::uuid[]) and epoch = ${rung}`;
  return rows.length < ids.length ? null : rows;
}

interface Standing extends Contestant {
  readonly status: RunStatus;
}

async function standingsOf(store: Store, runs: QueuedSweep["runs"]): Promise<Standing[]> {
  const rows = await store.sql<{ id: string; status: RunStatus }[]>`
    select run_id as id, status from runs where run_id = any(${runs.map(({ runId }) => runId)}::uuid[])`;
  const statuses = new Map(rows.map(({ id, status }) => [id, status]));
  return runs.map((run) => {
    const status = statuses.get(run.runId) ?? "failed"; // removed for good
    return { ...run, status, failed: status === "failed" };
  });
}

/** Whether a run needs no training up to the rung. */
function stands({ runId, status }: Standing, values: ReadonlyMap<string, RungValue>, rung: number): boolean {
  if (status === "failed" || status === "done") return true;
  return (status === "paused" || status === "pruned") && hasReached(values.get(runId), rung);
}
