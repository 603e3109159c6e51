// Where only the head trains, what it reads of a sample that is not augmented never changes: it is computed in the first epoch and
// kept, for later epochs and, in a file below EXP_HOME/cache, for other runs with the same frozen weights and data. Same bits as
// without. Two runs at the same time both compute, and whoever ends last replaces the file with the same bytes.
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { FeatureBatch, FrozenFeatures, StepResult, StepSettings } from "../engine/engine.ts";
import { digestOf } from "../model/digest.ts";
import type { State } from "../model/network.ts";
import type { TrainInput } from "./contract.ts";
import { readFeatures, writeFeatures } from "./features-file.ts";

/** Changes where the same files and settings would give other features. */
const VERSION = 1;
const MOST_BYTES = 1 << 30; // in memory; a larger data set trains from its images

/** Samples with their features, in place of a batch of images. */
export interface KeptBatch {
  readonly sampleIndices: readonly number[];
  readonly labels: readonly number[];
  /** None: mixed images are not what is kept. */
  readonly mixes: readonly never[];
  /** float32 [B, F] */
  readonly features: Float32Array;
}

interface KeptJob {
  readonly path: string;
  /** Into manifest.samples. */
  readonly samples: readonly number[];
  readonly engine: FrozenFeatures;
}

export class KeptFeatures {
  private readonly job: KeptJob;
  /** float32 [samples, F] */
  private readonly values: Float32Array;
  /** By sample index. */
  private readonly rowOf: ReadonlyMap<number, number>;
  /** Rows that are computed. */
  private readonly known: Set<number>;
  private stored: boolean;

  /** With what an earlier run has left. */
  static async open(job: KeptJob): Promise<KeptFeatures> {
    const table = await readFeatures(job.path, job.samples.length, job.engine.count);
    return new KeptFeatures(job, table?.values ?? null);
  }

  private constructor(job: KeptJob, found: Float32Array | null) {
    this.job = job;
    this.values = found ?? new Float32Array(job.samples.length * job.engine.count);
    this.rowOf = new Map(job.samples.map((sample, row) => [sample, row]));
    this.known = new Set(found === null ? [] : job.samples.keys());
    this.stored = found !== null;
  }

  get isComplete(): boolean {
    return this.known.size === this.job.samples.length;
  }

  /** Batches in place of those of images, once it is complete. @param order sample indices */
  *batches(order: readonly number[], batchSize: number, labelOf: (sample: number) => number): Generator<KeptBatch> {
    const { count } = this.job.engine;
    for (let at = 0; at < order.length; at += batchSize) {
      const sampleIndices = order.slice(at, at + batchSize);
      const features = new Float32Array(sampleIndices.length * count);
      sampleIndices.forEach((sample, b) => features.set(this.row(sample), b * count));
      yield { sampleIndices, labels: sampleIndices.map(labelOf), mixes: [], features };
    }
  }

  /** Features of images that are not augmented, kept from now on. @param images uint8 [B, H, W, 3] @returns float32 [B, F] */
  async compute(sampleIndices: readonly number[], images: Uint8Array): Promise<Float32Array> {
    const { count } = this.job.engine;
    const features = await this.job.engine.compute(images);
    sampleIndices.forEach((sample, b) => {
      this.row(sample).set(features.subarray(b * count, (b + 1) * count));
      this.known.add(this.rowOf.get(sample) as number);
    });
    return features;
  }

  /** As Program.trainStep. */
  trainStep(batch: FeatureBatch, settings: StepSettings): Promise<StepResult> {
    return this.job.engine.trainStep(batch, settings);
  }

  /** As Program.evaluate. */
  evaluate(features: Float32Array): Promise<Float32Array> {
    return this.job.engine.evaluate(features);
  }

  /** Leaves them to later runs, once it is complete. @throws LockstepError "storage" */
  async store(): Promise<void> {
    if (this.stored || !this.isComplete) return;
    const { samples, engine, path } = this.job;
    await writeFeatures(path, { rows: samples.length, width: engine.count, values: this.values });
    this.stored = true;
  }

  private row(sample: number): Float32Array {
    const { count } = this.job.engine;
    const row = this.rowOf.get(sample) as number;
    return this.values.subarray(row * count, (row + 1) * count);
  }
}

/** Of the two parts that a training goes through again and again; null where features change or are too many. */
export interface Kept {
  readonly train: KeptFeatures | null;
  readonly val: KeptFeatures | null;
}

export const NOTHING_KEPT: Kept = { train: null, val: null };

export interface KeepJob {
  readonly input: TrainInput;
  readonly engine: FrozenFeatures | undefined;
  readonly trainable: ReadonlySet<string>;
  /** What the program has loaded. */
  readonly state: State;
}

/** Moving averages are validated with a backbone that may be another one; then nothing is kept for the validation. */
export async function openKept({ input, engine, trainable, state }: KeepJob): Promise<Kept> {
  if (engine === undefined) return NOTHING_KEPT;
  const { split, manifest, prepared } = input.data;
  const { augment, emaDecay, evaluation } = input.settings;
  const frozen = input.network.parameters.flatMap(({ name }) => (trainable.has(name) ? [] : [name]));
  const { name, version } = input.engine.identity;
  const weights = await digestOf(state, frozen);
  const of = [VERSION, name, version, input.network.ops, manifest.digest, prepared.digest, weights];
  const open = async (samples: readonly number[], seen: readonly unknown[] = []): Promise<KeptFeatures | null> => {
    if (samples.length * engine.count * 4 > MOST_BYTES) return null;
    const ids = samples.map((index) => manifest.samples[index]?.id);
    const key = createHash("sha256").update(JSON.stringify([...of, ids, ...seen]));
    const path = join(input.checkpoints.home, "cache", "features", `${key.digest("hex")}.features`);
    return KeptFeatures.open({ path, samples, engine });
  };
  return {
    train: augment.length === 0 ? await open(split.train) : null,
    val: emaDecay === null ? await open(split.val, evaluation === undefined ? [] : [evaluation]) : null,
  };
}
