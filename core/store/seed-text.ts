// How a run's seed and fold are written in names: "0", and for a fold of a k-fold split "0.3" (seed 0, fold 3; both from 0).

export interface SeedAndFold {
  readonly seed: number;
  /** Null: the split has no folds. */
  readonly fold: number | null;
}

export function seedText({ seed, fold }: SeedAndFold): string {
  return fold === null ? String(seed) : `${seed}.${fold}`;
}

/** For people: "seed 0", "seed 0, fold 3". */
export function seedTitle({ seed, fold }: SeedAndFold): string {
  return fold === null ? `seed ${seed}` : `seed ${seed}, fold ${fold}`;
}

/** What finds a run so named: a seed alone fits every fold of it. */
export function seedFilter({ seed, fold }: SeedAndFold): { readonly seed: number; readonly fold?: number } {
  return fold === null ? { seed } : { seed, fold };
}

/** Null where the text is neither form. */
export function parseSeed(text: string): SeedAndFold | null {
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return null;
  return { seed: Number(match[1]), fold: match[2] === undefined ? null : Number(match[2]) };
}
