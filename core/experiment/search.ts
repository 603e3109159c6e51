// Random search (Bergstra and Bengio 2012, "Random search for hyper-parameter optimization"): every draw becomes a variant. A draw of a
// setting depends on the search's seed, the setting's name and the draw's number alone, so that another setting beside it moves nothing.
import { LockstepError } from "../errors.ts";
import { exp, log } from "../exact-math.ts";
import { stream } from "../random.ts";
import { variantName } from "./grid.ts";
import type { SettingsInput } from "./settings.ts";

/** Numbers between `low` and `high`, equally likely, or equally likely by their logarithm. */
export interface Range {
  readonly kind: "uniform" | "log-uniform";
  readonly low: number;
  readonly high: number;
}

/** Values to draw from, each as likely as the others; numbers may come from a range. */
type Candidates<Value> = readonly Value[] | (Value extends number ? Range : never);

export interface Search {
  /** How many variants. */
  readonly random: number;
  readonly seed?: number;
  readonly space: { readonly [Key in keyof SettingsInput]?: Candidates<NonNullable<SettingsInput[Key]>> };
}

/** Drawn numbers have so many digits, so that the name of a variant says all of them. */
const DIGITS = 3;
/** Draws that repeat an earlier one are left out; a space that gives so few new ones is too small. */
const DRAWS_PER_VARIANT = 100;

/** @example search: { random: 20, space: { dropout: uniform(0, 0.5) } } */
export function uniform(low: number, high: number): Range {
  return { kind: "uniform", low, high };
}

/** For learning rates and the like. @param low above 0 @example search: { random: 20, space: { lr: logUniform(1e-4, 1e-2) } } */
export function logUniform(low: number, high: number): Range {
  return { kind: "log-uniform", low, high };
}

/** Variants by name, in the order of the draws. @throws LockstepError "experiment-invalid" where the space has fewer different ones */
export function drawnVariants({ random, seed = 0, space }: Search): Map<string, SettingsInput> {
  const variants = new Map<string, SettingsInput>();
  for (let draw = 0; variants.size < random; draw++) {
    if (draw === random * DRAWS_PER_VARIANT) throw tooSmall(random, variants.size);
    const input = Object.fromEntries(
      Object.entries(space).map(([key, candidates]) => {
        const place = stream(seed, "search", key, draw).uniform();
        return [
          key,
          isRange(candidates) ? within(candidates, place) : candidates[Math.floor(place * candidates.length)],
        ];
      }),
    );
    const name = variantName(input);
    if (!variants.has(name)) variants.set(name, input);
  }
  return variants;
}

function isRange(candidates: readonly unknown[] | Range): candidates is Range {
  return !Array.isArray(candidates);
}

/** @param place in [0, 1) */
function within({ kind, low, high }: Range, place: number): number {
  const value = kind === "uniform" ? low + place * (high - low) : exp(log(low) + place * (log(high) - log(low)));
  return Math.min(high, Math.max(low, Number(value.toPrecision(DIGITS))));
}

function tooSmall(random: number, found: number): LockstepError {
  return new LockstepError({
    code: "experiment-invalid",
    message: `search: expected ${random} different variants, the space gives ${found}.`,
    next: "Ask for fewer, widen the space, or use grid, which runs every combination.",
  });
}
