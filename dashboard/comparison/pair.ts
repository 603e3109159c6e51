// Two runs on the same test samples: who is right where, and whether the difference is more than chance.
import { bootstrapDifferences, type Difference } from "../statistics/bootstrap.ts";
import { deLong, type DeLong } from "../statistics/delong.ts";
import { mcnemarMidP } from "../statistics/mcnemar.ts";
import { scored } from "../statistics/metrics.ts";
import type { SamplePrediction } from "../queries/outcomes.ts";

/** What B does to a sample that A had: the four ways two verdicts can fall. */
export type Change = "fixed" | "broken" | "both wrong" | "both right";

export interface PairedSample {
  readonly sampleId: string;
  readonly thumbnail: string | null;
  readonly label: number;
  readonly predictedA: number;
  readonly predictedB: number;
  /** Probability of the true class. */
  readonly probabilityA: number;
  readonly probabilityB: number;
  readonly change: Change;
}

export interface PairComparison {
  readonly samples: readonly PairedSample[];
  readonly counts: Readonly<Record<Change, number>>;
  readonly mcnemarP: number;
  /** Null where AUC is undefined. */
  readonly deLong: DeLong | null;
  readonly differences: readonly Difference[];
}

interface Side {
  readonly datasetDigest: string | null;
  readonly predictions: readonly SamplePrediction[];
}

/** Why these two cannot be compared sample by sample; null when they can. */
export function whyUnpaired(a: Side, b: Side): string | null {
  if (a.predictions.length === 0 || b.predictions.length === 0)
    return "One of the two has no such predictions: it has not finished, or was not evaluated on this data set.";
  if (a.datasetDigest !== b.datasetDigest) return "They were tested on different data sets.";
  const idsOfB = new Set(b.predictions.map((row) => row.sampleId));
  const shared = a.predictions.filter((row) => idsOfB.has(row.sampleId)).length;
  if (shared === a.predictions.length && shared === b.predictions.length) return null;
  return `Their test sets differ: ${a.predictions.length} and ${b.predictions.length} samples, ${shared} in both.`;
}

/** @param positive index of the positive class; both sides hold the same samples */
export function comparePair(
  a: readonly SamplePrediction[],
  b: readonly SamplePrediction[],
  positive: number,
): PairComparison {
  const ofB = new Map(b.map((row) => [row.sampleId, row]));
  const aligned = a.map((row) => ofB.get(row.sampleId) as SamplePrediction);
  const samples = a.map((row, i) => pairedSample(row, aligned[i] as SamplePrediction));
  const count = (change: Change) => samples.filter((one) => one.change === change).length;
  const counts = {
    fixed: count("fixed"),
    broken: count("broken"),
    "both wrong": count("both wrong"),
    "both right": count("both right"),
  };
  return {
    samples,
    counts,
    mcnemarP: mcnemarMidP(counts.broken, counts.fixed),
    deLong: deLong(
      a.map((row) => row.label === positive),
      a.map((row) => row.probabilities[positive] ?? 0),
      aligned.map((row) => row.probabilities[positive] ?? 0),
    ),
    differences: bootstrapDifferences(scored(a, positive), scored(aligned, positive), positive),
  };
}

function pairedSample(a: SamplePrediction, b: SamplePrediction): PairedSample {
  const rightA = a.predicted === a.label;
  const rightB = b.predicted === b.label;
  return {
    sampleId: a.sampleId,
    thumbnail: a.thumbnail,
    label: a.label,
    predictedA: a.predicted,
    predictedB: b.predicted,
    probabilityA: a.probabilities[a.label] ?? 0,
    probabilityB: b.probabilities[b.label] ?? 0,
    change: rightA ? (rightB ? "both right" : "broken") : rightB ? "fixed" : "both wrong",
  };
}

/** The samples that a cell of A, of B or of their difference is made of. */
export function samplesOfCell(
  samples: readonly PairedSample[],
  { trueClass, predictedClass }: { trueClass: number; predictedClass: number },
): PairedSample[] {
  return samples.filter(
    (one) => one.label === trueClass && (one.predictedA === predictedClass || one.predictedB === predictedClass),
  );
}
