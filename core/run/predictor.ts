// A stored run put to use: its best weights, its own preprocessing, its classes. The probabilities of a test sample are those that the
// run has stored, to the bit on the same engine.
import { networkImages, seenPart, type DecodedImage } from "../data/index.ts";
import { LockstepError } from "../errors.ts";
import { gradCam } from "../model/grad-cam.ts";
import type { FeatureMaps } from "../engine/engine.ts";
import type { RunRow } from "../store/index.ts";
import { argmax, softmax } from "../train/cross-entropy.ts";
import { compileForInference } from "../train/evaluate.ts";
import { networkOf } from "./check-plan.ts";
import { bestState } from "./evaluate-run.ts";
import type { RunConfig } from "./run-row.ts";
import type { Workshop } from "./workshop.ts";

export interface Prediction {
  /** Index into the predictor's classes. */
  readonly predicted: number;
  /** By class, sum 1. */
  readonly probabilities: readonly number[];
}

export interface Explanation {
  /** Grad-CAM of the explained class, [heightPx * widthPx], 0 to 1. */
  readonly cam: Float64Array;
  readonly heightPx: number;
  readonly widthPx: number;
}

export interface Predictor {
  readonly run: RunRow;
  readonly classes: readonly string[];
  readonly positiveClass: string;
  readonly imageSizePx: number;
  /** The most images that `predict` and `explain` take at a time. */
  readonly batchSize: number;
  predict(images: readonly DecodedImage[]): Promise<Prediction[]>;
  /** The part of an image that the network sees. */
  seen(image: DecodedImage): DecodedImage;
  /** Of that part. @param explained of each image the class @throws LockstepError "usage" where the engine cannot */
  explain(images: readonly DecodedImage[], explained: readonly number[]): Promise<Explanation[]>;
  close(): void;
}

/** The class that is said: the most probable one, or with a threshold the positive class from that probability on. */
export function saidClass(
  predictor: Predictor,
  { predicted, probabilities }: Prediction,
  threshold: number | null,
): number {
  if (threshold === null) return predicted;
  const positive = predictor.classes.indexOf(predictor.positiveClass);
  if ((probabilities[positive] as number) >= threshold) return positive;
  return argmax(probabilities.map((probability, index) => (index === positive ? -1 : probability)));
}

type Tools = Pick<Workshop, "store" | "home" | "engine" | "resampler">;

/** @throws LockstepError "run-state" where the run was not trained by us or its weights are not here */
export async function openPredictor(run: RunRow, tools: Tools): Promise<Predictor> {
  const { settings, positiveClass } = configOf(run);
  const classes = run.classes ?? [];
  const state = await bestState(run, tools);
  const network = networkOf({ settings }, classes.length);
  const program = await compileForInference(tools.engine, network, settings);
  await program.load(state);
  const inputs = (images: readonly DecodedImage[]) => networkImages(images, settings, tools.resampler);
  return {
    ...{ run, classes, positiveClass },
    imageSizePx: settings.imageSizePx,
    batchSize: settings.batchSize,
    predict: async (images) => {
      const flat = await program.evaluate(await inputs(images)); // [B, K]
      const rows = images.map((_, b) => Array.from(flat.subarray(b * classes.length, (b + 1) * classes.length)));
      return rows.map((logits) => ({ predicted: argmax(logits), probabilities: softmax(logits) }));
    },
    seen: (image) => seenPart(image, settings.evaluation),
    explain: async (images, explained) => {
      if (program.featureMaps === undefined) throw cannotExplain(tools.engine.identity.name);
      const found = await program.featureMaps(await inputs(images));
      return explained.map((classIndex, b) => {
        const { heightPx, widthPx } = found;
        return { cam: gradCam({ network, state, map: mapOf(found, b), classIndex }), heightPx, widthPx };
      });
    },
    close: () => program.dispose(),
  };
}

function mapOf({ maps, heightPx, widthPx, channels }: FeatureMaps, b: number): Float32Array {
  const numbers = heightPx * widthPx * channels;
  return maps.subarray(b * numbers, (b + 1) * numbers);
}

function configOf({ runId, kind, config }: RunRow): RunConfig {
  if (kind === "lockstep") return config as RunConfig;
  throw new LockstepError({
    code: "run-state",
    message: `run ${runId} is ${kind}: it was not trained by Lockstep, which has no weights of it.`,
    next: "exp runs lists the runs; those without a mark were trained here.",
  });
}

function cannotExplain(engine: string): LockstepError {
  return new LockstepError({
    code: "usage",
    message: `Grad-CAM: the ${engine} engine does not give the maps that it needs.`,
    next: "Add --engine portable: it reads the same checkpoint.",
  });
}
