// The last pairs that were compared: the bootstrap takes a tenth of a second, and a finished run does not change.
import type { PairComparison } from "./pair.ts";

interface Run {
  readonly runId: string;
  readonly digest: string | null;
}

const KEPT = 50;

class PairCache {
  private readonly kept = new Map<string, PairComparison>();

  /** The kept comparison, or a new one; only pairs of finished runs with a digest are kept. */
  of(a: Run, b: Run, compare: () => PairComparison): PairComparison {
    if (a.digest === null || b.digest === null) return compare();
    const key = `${a.runId}/${a.digest}/${b.runId}/${b.digest}`;
    const known = this.kept.get(key) ?? compare();
    this.kept.delete(key); // to the end: the oldest is forgotten first
    this.kept.set(key, known);
    const oldest = this.kept.keys().next();
    if (this.kept.size > KEPT && oldest.done !== true) this.kept.delete(oldest.value);
    return known;
  }
}

export const comparisons = new PairCache();
