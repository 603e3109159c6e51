// The run-time check of an experiment: zod schemas that mirror settings.ts, strict about unknown keys.
// Sources and augmentations are checked by core/data when they are used; here only that they are such objects.
import * as z from "zod";
import { EVALUATION_VIEWS, isEvaluationView } from "../data/evaluation-view.ts";
import { HALVING_METRICS } from "./settings.ts";

const positiveInteger = z.int().min(1);
const fraction = z.number().min(0).max(1);
const freeze = z.union([z.enum(["none", "backbone", "blocks"]), z.strictObject({ upTo: z.int().min(0) })]);
const freezeStage = z.strictObject({
  epochs: positiveInteger.optional(),
  part: freeze,
  lr: z.number().positive().optional(),
});
const weightDecay = z.number().min(0);
const beta = z.number().min(0).lt(1);
const positive = z.number().positive();
const optimizer = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.enum(["adam", "adamw"]),
    ...optional({ beta1: beta, beta2: beta, eps: positive, weightDecay }),
  }),
  z.strictObject({ kind: z.literal("sgd"), ...optional({ momentum: beta, nesterov: z.boolean(), weightDecay }) }),
  z.strictObject({
    kind: z.literal("rmsprop"),
    ...optional({ alpha: beta, eps: positive, momentum: beta, weightDecay }),
  }),
]);
const warmupEpochs = z.number().min(0).optional();
const epochCount = z.int().min(0);
const factor = z.number().positive().lt(1);
const plateau = {
  factor,
  patience: epochCount,
  threshold: fraction,
  cooldownEpochs: epochCount,
  minLr: z.number().min(0),
};
const schedule = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("constant"), warmupEpochs }),
  z.strictObject({ kind: z.literal("cosine"), warmupEpochs, finalLr: z.number().min(0).optional() }),
  z.strictObject({ kind: z.literal("step"), warmupEpochs, everyEpochs: positiveInteger, factor: positive.optional() }),
  z.strictObject({ kind: z.literal("plateau"), warmupEpochs, ...optional(plateau) }),
]);
const classWeights = z.union([z.literal("balanced"), z.record(z.string(), positive)]);
const earlyStopping = z.strictObject({ patience: positiveInteger, minDelta: z.number().min(0).optional() });
const init = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("random") }),
  z.strictObject({ kind: z.literal("run"), run: z.string().min(1) }),
  z.strictObject({ kind: z.literal("file"), path: z.string().min(1), classifier: z.boolean() }),
  z.strictObject({ kind: z.literal("imagenet"), weights: z.enum(["V1", "V2"]) }),
]);
const tagged = z.looseObject({ kind: z.string() });

/** Keys of a variant, of `base` and of --set. */
export const settingsSchema = z.strictObject({
  size: z.enum(["large", "small"]).optional(),
  layout: z.enum(["torchvision", "article"]).optional(),
  widthMult: z.number().min(0.1).max(4).optional(),
  imageSizePx: z.int().min(32).max(512).optional(),
  storeSizePx: z.int().min(32).max(4096).optional(),
  batchSize: positiveInteger.max(4096).optional(),
  epochs: positiveInteger.max(100_000).optional(),
  optimizer: z.union([z.enum(["adam", "adamw", "sgd", "rmsprop"]), optimizer]).optional(),
  lr: z.number().positive().max(1000).optional(),
  weightDecay: weightDecay.optional(),
  schedule: z.union([z.enum(["constant", "cosine", "plateau"]), schedule]).optional(),
  dropout: z.number().min(0).lt(1).optional(),
  batchNorm: z.strictObject({ eps: z.number().positive().optional(), momentum: fraction.optional() }).optional(),
  init: init.optional(),
  freeze: z.union([freeze, z.array(freezeStage).min(1)]).optional(),
  frozenBatchNorm: z.enum(["inference", "update"]).optional(),
  labelSmoothing: z.number().min(0).lt(1).optional(),
  clipNorm: z.number().positive().nullable().optional(),
  classWeights: classWeights.nullable().optional(),
  emaDecay: z.number().positive().lt(1).nullable().optional(),
  earlyStopping: earlyStopping.nullable().optional(),
  augment: z.array(tagged).optional(),
  evaluation: z.custom(isEvaluationView, `expected ${EVALUATION_VIEWS}`).optional(),
  minLoaded: fraction.optional(),
});

export const settingsKeys = Object.keys(settingsSchema.shape);

/** Grid values may be anything that the setting itself may be. */
const gridSchema = z.strictObject(
  Object.fromEntries(
    Object.entries(settingsSchema.shape).map(([key, schema]) => [key, z.array(schema).min(1).optional()]),
  ),
);

/** Settings that are numbers, which may be drawn from a range. */
const RANGED = ["widthMult", "lr", "weightDecay", "dropout", "labelSmoothing", "clipNorm", "emaDecay"] as const;

const range = z
  .strictObject({ kind: z.enum(["uniform", "log-uniform"]), low: z.number(), high: z.number() })
  .refine(({ low, high }) => low < high, "expected low below high")
  .refine(({ kind, low }) => kind === "uniform" || low > 0, "a log-uniform range begins above 0");

const searchSchema = z.strictObject({
  random: positiveInteger.max(10_000),
  seed: z.int().optional(),
  space: z
    .strictObject({
      ...gridSchema.shape,
      ...Object.fromEntries(RANGED.map((key) => [key, rangeOrValues(settingsSchema.shape[key])])),
    })
    .refine((space) => Object.keys(space).length > 0, "expected at least one setting to draw"),
});

/** Both ends of a range are values that the setting may have. */
function rangeOrValues(setting: z.ZodType) {
  const within = range
    .refine(({ low }) => setting.safeParse(low).success, "low is no valid value of the setting")
    .refine(({ high }) => setting.safeParse(high).success, "high is no valid value of the setting");
  return z.union([z.array(setting).min(1), within]).optional();
}

const splitSeed = z.union([z.int(), z.literal("run")]).optional();
const fractionSplit = z
  .strictObject({ train: fraction, val: fraction, test: fraction, seed: splitSeed })
  .refine(({ train, val, test }) => Math.abs(train + val + test - 1) < 1e-9, "train, val and test must sum to 1");
const foldSplit = z.strictObject({ folds: z.int().min(3).max(1000), seed: splitSeed });

const variantName = z.string().regex(/^[^/\s,]+$/, "a name of a variant has no spaces, commas or slashes");

export const experimentSchema = z.strictObject({
  name: z.string().regex(/^[^/\s,]+$/, "the name of an experiment has no spaces, commas or slashes"),
  project: z.string().min(1).optional(),
  data: tagged,
  split: z.union([fractionSplit, foldSplit]).optional(),
  onBadImage: z.enum(["stop", "skip"]).optional(),
  positiveClass: z.string().min(1),
  seeds: z.array(z.int()).min(1).optional(),
  base: settingsSchema.optional(),
  variants: z.record(variantName, settingsSchema).optional(),
  grid: gridSchema.optional(),
  search: searchSchema.optional(),
  halving: z
    .strictObject({ factor: z.int().min(2), firstEpochs: positiveInteger, metric: z.enum(HALVING_METRICS) })
    .partial()
    .optional(),
  onEpochEnd: z.custom<() => void>((value) => typeof value === "function", "expected a function").optional(),
  histograms: z
    .union([
      z.boolean(),
      z.strictObject({ gradients: z.boolean().optional(), everyEpochs: positiveInteger.optional() }),
    ])
    .optional(),
});

/** The same keys, each of which may be left out. */
function optional<Shape extends z.ZodRawShape>(shape: Shape): { [Key in keyof Shape]: z.ZodOptional<Shape[Key]> } {
  return z.object(shape).partial().shape;
}
