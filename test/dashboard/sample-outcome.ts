// A training as it might have gone: each sample has a difficulty that all runs share, each run a skill that grows by epoch.
import { stream } from "../../core/random.ts";

export interface Metrics {
  readonly loss: number;
  readonly accuracy: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
  readonly auc: number | null;
}

export interface OutcomeInput {
  readonly experiment: string;
  readonly variant: string;
  readonly seed: number;
  readonly skill: number;
  readonly labels: readonly number[];
  readonly parts: readonly string[];
  readonly epochs: number;
  readonly positive: number;
}

interface Said {
  /** Index of the sample. */
  readonly index: number;
  readonly phase: string;
  readonly label: number;
  readonly predicted: number;
  readonly logits: number[];
  readonly probabilities: number[];
}

export interface Outcome {
  readonly batches: {
    phase: string;
    epoch: number;
    batch: number;
    loss: number;
    correct: number;
    lr: number;
    duration_ms: number;
  }[];
  readonly train: Metrics[];
  readonly val: Metrics[];
  readonly test: Metrics;
  readonly bestEpoch: number;
  readonly confusions: number[][][];
  readonly testConfusion: number[][];
  readonly predictions: Said[];
}

const BATCH = 16;

export function makeOutcome(input: OutcomeInput): Outcome {
  const { epochs, parts, skill } = input;
  const skillAt = (epoch: number) => skill * (1 - Math.exp(-epoch / 2));
  const said = (phase: string, epoch: number) => predict(input, phase, epoch, skillAt(epoch));
  const valSaid = Array.from({ length: epochs }, (_, i) => said("val", i + 1));
  const val = valSaid.map((rows) => metricsOf(rows, input.positive));
  const bestEpoch = val.reduce((best, one, i) => (one.loss < (val[best]?.loss ?? Infinity) ? i : best), 0) + 1;
  const testSaid = predict(input, "test", bestEpoch, skillAt(bestEpoch));
  const steps = Math.ceil(parts.filter((part) => part === "train").length / BATCH);
  return {
    batches: Array.from({ length: epochs * steps }, (_, i) =>
      batchAt(input, Math.floor(i / steps) + 1, (i % steps) + 1, skillAt(1 + i / steps)),
    ),
    train: Array.from({ length: epochs }, (_, i) => metricsOf(said("train", i + 1), input.positive)),
    val,
    test: metricsOf(testSaid, input.positive),
    bestEpoch,
    confusions: valSaid.map(confusionOf),
    testConfusion: confusionOf(testSaid),
    predictions: [...(valSaid[bestEpoch - 1] ?? []), ...testSaid],
  };
}

function batchAt({ experiment, variant, seed }: OutcomeInput, epoch: number, batch: number, skill: number) {
  const draws = stream(seed, "sample-batch", experiment, variant, epoch, batch);
  const loss = 0.72 / (1 + skill * 0.7) + 0.05 * draws.normal();
  const correct = Math.max(0, Math.min(BATCH, Math.round(BATCH * (0.55 + 0.18 * skill) + draws.normal())));
  return {
    phase: "train",
    epoch,
    batch,
    loss: Math.max(0.02, loss),
    correct,
    lr: 1e-3,
    duration_ms: 85 + 5 * draws.uniform(),
  };
}

function predict(
  { experiment, variant, seed, labels, parts }: OutcomeInput,
  phase: string,
  epoch: number,
  skill: number,
): Said[] {
  return labels.flatMap((label, index) => {
    if (parts[index] !== phase) return [];
    const shared = stream(0, "sample-difficulty", index).normal();
    const own = stream(seed, "sample-prediction", experiment, variant, epoch, index).normal();
    const margin = (label === 1 ? 1 : -1) * skill + 1.3 * shared + 0.6 * own;
    const p = 1 / (1 + Math.exp(-margin));
    return [
      {
        index,
        phase,
        label,
        predicted: p >= 0.5 ? 1 : 0,
        logits: [-margin / 2, margin / 2],
        probabilities: [1 - p, p],
      },
    ];
  });
}

function confusionOf(rows: readonly Said[]): number[][] {
  const counts = [
    [0, 0],
    [0, 0],
  ];
  for (const { label, predicted } of rows) (counts[label] as number[])[predicted]!++;
  return counts;
}

function metricsOf(rows: readonly Said[], positive: number): Metrics {
  const count = (label: boolean, predicted: boolean) =>
    rows.filter((row) => (row.label === positive) === label && (row.predicted === positive) === predicted).length;
  const [tp, fp, fn, tn] = [count(true, true), count(false, true), count(true, false), count(false, false)];
  const ratio = (part: number, whole: number) => (whole === 0 ? null : part / whole);
  return {
    loss: rows.reduce((sum, row) => sum - Math.log(row.probabilities[row.label] as number), 0) / rows.length,
    accuracy: (tp + tn) / rows.length,
    precision: ratio(tp, tp + fp),
    recall: ratio(tp, tp + fn),
    f1: ratio(2 * tp, 2 * tp + fp + fn),
    auc: aucOf(rows, positive),
  };
}

function aucOf(rows: readonly Said[], positive: number): number {
  const high = rows.filter((row) => row.label === positive).map((row) => row.probabilities[positive] as number);
  const low = rows.filter((row) => row.label !== positive).map((row) => row.probabilities[positive] as number);
  let won = 0;
  for (const a of high) for (const b of low) won += a > b ? 1 : a === b ? 0.5 : 0;
  return won / (high.length * low.length);
}
