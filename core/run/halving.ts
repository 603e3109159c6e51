// A sweep with successive halving: all runs train to the first rung, the better variants go on to the next one, the last ones to their end.
// Decisions are made from stored validation results and are stored; a sweep that was killed comes to the same ones again.
import { LockstepError } from "../errors.ts";
import type { Halving } from "../experiment/settings.ts";
import { hasReached, readRungValues, type RungValue } from "../store/halving.ts";
import { seedText } from "../store/seed-text.ts";
import { advance, type LookedUp, type Place } from "./advance.ts";
import { decideRung, keptVariants, sentence } from "./decide-rung.ts";
import type { RunOutcome } from "./lifecycle.ts";
import { keptOf, rungEpochs } from "./rungs.ts";
import { nameOf, unfinished } from "./summary.ts";
import type { Workshop } from "./workshop.ts";

export interface HalvingSweep {
  readonly halving: Halving;
  readonly retryFailed: boolean;
  /** By the jobs' keys; filled here. */
  readonly outcomes: Map<string, RunOutcome>;
  /** Jobs that came before. */
  readonly firstIndex: number;
}

/** One pass over the runs that are still in: to a rung, or to the end. */
interface Pass {
  readonly from: number;
  readonly to: number;
  /** Null: to the end. */
  readonly rung: number | null;
}

/** @throws LockstepError "run-state" where a run was stopped before its rung: nothing can be decided without it */
export async function runHalving(all: readonly LookedUp[], sweep: HalvingSweep, workshop: Workshop): Promise<void> {
  const epochs = all[0]?.one.job.planned.settings.epochs ?? 0;
  const rungs = rungEpochs(sweep.halving, epochs);
  const ends = [...rungs, epochs];
  let alive = [...all];
  for (const [index, to] of ends.entries()) {
    if (variantsOf(alive).length === 1 && to < epochs) continue;
    const pass = { from: ends[index - 1] ?? 0, to, rung: to < epochs ? to : null };
    alive = await trainTo(pass, alive, { ...sweep, epochs }, workshop);
    if ([...sweep.outcomes.values()].some(({ error }) => error?.code === "storage")) return;
    if (pass.rung !== null) alive = await halve(alive, pass.rung, sweep, workshop);
  }
}

/** @returns the same runs as they stand after it */
async function trainTo(
  pass: Pass,
  alive: readonly LookedUp[],
  sweep: HalvingSweep & { readonly epochs: number },
  workshop: Workshop,
): Promise<LookedUp[]> {
  const after: LookedUp[] = [];
  for (const [index, found] of alive.entries()) {
    const { job, row } = found.one;
    const { retryFailed, outcomes } = sweep;
    const place = placeIn(pass, { index, alive, ...sweep });
    const there = pass.rung === null ? null : await standsAt(found, pass.rung, sweep.halving, workshop);
    const outcome = there ?? (await advance(found, { retryFailed, place, pauseAfterEpoch: pass.rung }, workshop));
    outcomes.set(job.key, outcome);
    if (outcome.error?.code === "storage") break;
    const { run: runId, status, digest } = outcome.summary;
    after.push({
      one: { ...found.one, row: { ...row, runId } },
      earlier: { runId, status, digest, errorMessage: null },
    });
  }
  return after;
}

/** What is stored of a run that has come to the rung before; null: it is to be trained. */
async function standsAt(
  { one, earlier }: LookedUp,
  rung: number,
  { metric }: Halving,
  { store }: Workshop,
): Promise<RunOutcome | null> {
  if (earlier?.status !== "paused" && earlier?.status !== "pruned") return null;
  const stored = (await readRungValues(store, [earlier.runId], { metric, epoch: rung })).get(earlier.runId);
  if (!hasReached(stored, rung)) return null;
  return { summary: unfinished(nameOf(one.row, earlier.runId), earlier.status), bestPath: null, error: null };
}

/** Decides who goes on, and says so. */
async function halve(
  alive: readonly LookedUp[],
  rung: number,
  { halving, outcomes }: HalvingSweep,
  workshop: Workshop,
) {
  const { store, observer } = workshop;
  const { metric } = halving;
  const values = await readRungValues(store, alive.map(runIdOf), { metric, epoch: rung });
  for (const found of alive) refuseUnfinished(found, rung, values.get(runIdOf(found)));
  const contestants = alive.map((found) => ({
    runId: runIdOf(found),
    variant: found.one.row.variant,
    failed: found.earlier?.status === "failed",
  }));
  const decisions = await decideRung(store, { alive: contestants, rung, values }, halving);
  observer.stage(sentence(decisions, metric, rung));
  const kept = keptVariants(decisions);
  for (const { one, earlier } of alive) {
    if (kept.has(one.row.variant) || earlier?.status !== "paused") continue;
    outcomes.set(one.job.key, {
      summary: unfinished(nameOf(one.row, earlier.runId), "pruned"),
      bestPath: null,
      error: null,
    });
  }
  return alive.filter(({ one }) => kept.has(one.row.variant));
}

function refuseUnfinished({ one, earlier }: LookedUp, rung: number, stored: RungValue | undefined): void {
  const failed = earlier?.status === "failed";
  if (failed || earlier?.status === "done" || hasReached(stored, rung)) return;
  const { experiment, variant, ...position } = nameOf(one.row, runIdOf({ one, earlier }));
  throw new LockstepError({
    code: "run-state",
    message: `run ${experiment}/${variant}/${seedText(position)} stands before epoch ${rung}, after which halving compares it.`,
    next: "The same command goes on with it.",
  });
}

function variantsOf(alive: readonly LookedUp[]): string[] {
  return [...new Set(alive.map(({ one }) => one.row.variant))];
}

function runIdOf({ one, earlier }: LookedUp): string {
  return earlier?.runId ?? one.row.runId;
}

interface Position extends HalvingSweep {
  readonly index: number;
  readonly alive: readonly LookedUp[];
  readonly epochs: number;
}

/** Costs in epochs; a run that goes on tells its progress from its beginning, so its cost counts from there too. */
function placeIn({ from, to, rung }: Pass, { index, alive, halving, epochs, firstIndex }: Position): Place {
  const runsOfVariant = alive.length / variantsOf(alive).length;
  let costAfter = (alive.length - index - 1) * (to - from);
  let variants = variantsOf(alive).length;
  let before = to;
  if (rung !== null) {
    for (const end of [...rungEpochs(halving, epochs).filter((epoch) => epoch > rung), epochs]) {
      variants = keptOf(variants, halving.factor);
      costAfter += variants * runsOfVariant * (end - before);
      before = end;
    }
  }
  return { index: firstIndex + index + 1, total: firstIndex + alive.length, cost: to, costAfter };
}
