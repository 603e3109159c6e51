// A sweep with halving that was left to workers: every job of it holds the sweep, and whoever ends the last run of a rung decides, from stored
// results alone, and sends who goes on. It may be asked any number of times by any process: the answer follows from the database.
import type { Halving } from "../../experiment/settings.ts";
import { readRungValues } from "../../store/halving.ts";
import type { Store } from "../../store/index.ts";
import type { RunStatus } from "../../train/recorder.ts";
import { decideRung, keptVariants, sentence } from "../decide-rung.ts";
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
  let alive = runs;
  for (const rung of rungEpochs(halving, epochs)) {
    if (new Set(alive.map(({ variant }) => variant)).size === 1) break;
    const standings = await standingsOf(store, alive, { metric: halving.metric, rung });
    const below = standings.filter(({ stands }) => !stands).map(({ runId }) => runId);
    if (below.length > 0) return { runIds: below, pauseAfterEpoch: rung, said };
    const known = await storedDecisions(store, alive, rung);
    const decisions = known ?? (await decideRung(store, { alive: standings, rung }, halving));
    if (known === null) said.push(sentence(decisions, halving.metric, rung));
    const kept = keptVariants(decisions);
    alive = alive.filter(({ variant }) => kept.has(variant));
  }
  const rest = await standingsOf(store, alive, { metric: halving.metric, rung: epochs });
  const open = rest.filter(({ status, failed }) => status !== "done" && !failed);
  return { runIds: open.map(({ runId }) => runId), pauseAfterEpoch: null, said };
}

/** Null: it was not decided yet. */
async function storedDecisions(store: Store, alive: QueuedSweep["runs"], rung: number): Promise<Decision[] | null> {
  const ids = alive.map(({ runId }) => runId);
  const rows = await store.sql<Decision[]>`
    select variant, score, rank, kept from halving_decisions join runs using (run_id)
    where run_id = any(${ids}::uuid[]) and epoch = ${rung}`;
  return rows.length < alive.length ? null : rows;
}

async function standingsOf(
  store: Store,
  alive: QueuedSweep["runs"],
  { metric, rung }: { readonly metric: Halving["metric"]; readonly rung: number },
) {
  const ids = alive.map(({ runId }) => runId);
  const rows = await store.sql<{ id: string; status: RunStatus }[]>`
    select run_id as id, status from runs where run_id = any(${ids}::uuid[])`;
  const statuses = new Map(rows.map(({ id, status }) => [id, status]));
  const values = await readRungValues(store, ids, { metric, epoch: rung });
  return alive.map((one) => {
    const status = statuses.get(one.runId) ?? "failed"; // removed for good
    const there = (values.get(one.runId)?.epochs ?? 0) >= rung;
    const failed = status === "failed";
    const stands = failed || status === "done" || (there && (status === "paused" || status === "pruned"));
    return { ...one, status, failed, stands };
  });
}
