// One decision of successive halving: from the validation results that are stored, by whichever process asks for it.
import type { Halving } from "../experiment/settings.ts";
import { saveDecisions, type HalvingDecision, type RungValue } from "../store/halving.ts";
import type { Store } from "../store/index.ts";
import { decide, type Decision } from "./rungs.ts";

/** A run that is still in. */
export interface Contestant {
  readonly runId: string;
  readonly variant: string;
  readonly failed: boolean;
}

export type DecideBy = Pick<Halving, "metric" | "factor">;

export interface Rung {
  /** In the order of the experiment. */
  readonly alive: readonly Contestant[];
  readonly rung: number;
  /** Of those runs, up to the rung. */
  readonly values: ReadonlyMap<string, RungValue>;
}

/** Decides who goes on from the rung, and stores it. */
export async function decideRung(
  store: Store,
  { alive, rung, values }: Rung,
  { metric, factor }: DecideBy,
): Promise<readonly Decision[]> {
  const variants = [...new Set(alive.map(({ variant }) => variant))];
  const scores = variants.map((variant) => ({ variant, score: scoreOf(variant, alive, values) }));
  const decisions = decide(scores, { metric, factor });
  await saveDecisions(store, rowsOf(alive, decisions, { metric, epoch: rung, values }));
  return decisions;
}

/** Variants that go on. */
export function keptVariants(decisions: readonly Decision[]): ReadonlySet<string> {
  return new Set(decisions.filter(({ kept }) => kept).map(({ variant }) => variant));
}

/** "halving after epoch 3, mean best val loss: a 0.52, b 0.61 go on; c 0.71 does not" */
export function sentence(decisions: readonly Decision[], metric: string, rung: number): string {
  const text = ({ variant, score }: Decision) => `${variant} ${score === null ? "failed" : score.toFixed(4)}`;
  const list = (kept: boolean) => decisions.filter((decision) => decision.kept === kept).map(text);
  const out = list(false);
  const rest = out.length === 0 ? "" : `; left out: ${out.join(", ")}`;
  return `halving after epoch ${rung}, mean best val ${metric}: ${list(true).join(", ")} go${list(true).length === 1 ? "es" : ""} on${rest}`;
}

/** Null where a run of the variant has no value. */
function scoreOf(variant: string, alive: readonly Contestant[], values: ReadonlyMap<string, RungValue>): number | null {
  const own = alive.filter((one) => one.variant === variant);
  const known = own.flatMap(({ runId, failed }) => (failed ? [] : (values.get(runId)?.value ?? [])));
  return known.length < own.length ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function rowsOf(
  alive: readonly Contestant[],
  decisions: readonly Decision[],
  { metric, epoch, values }: { metric: string; epoch: number; values: ReadonlyMap<string, RungValue> },
): HalvingDecision[] {
  return decisions.flatMap(({ variant, score, rank, kept }) =>
    alive
      .filter((one) => one.variant === variant)
      .map(({ runId }) => {
        const value = values.get(runId)?.value ?? null;
        return { runId, epoch, metric, value, score, rank, variants: decisions.length, kept };
      }),
  );
}
