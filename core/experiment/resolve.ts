// Fills in every default: SettingsInput (what people write) to Settings (what is hashed, stored and run).
import { horizontalFlip, randomResizedCrop } from "../data/index.ts";
import type { Optimizer } from "../engine/engine.ts";
import type { FreezeStage, Init, Schedule, Settings, SettingsInput } from "./settings.ts";

/** Stored images are larger than the input by this factor, so that crops have detail to spare. */
const STORE_FACTOR = 1.15;

/** PyTorch's defaults, but for SGD's momentum. */
const OPTIMIZERS = {
  adam: { kind: "adam", beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 },
  adamw: { kind: "adamw", beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 },
  sgd: { kind: "sgd", momentum: 0.9, nesterov: false, weightDecay: 0 },
  rmsprop: { kind: "rmsprop", alpha: 0.99, eps: 1e-8, momentum: 0, weightDecay: 0 },
} as const;

/** PyTorch's defaults too. */
const SCHEDULES = {
  constant: { kind: "constant" },
  cosine: { kind: "cosine", finalLr: 0 },
  step: { kind: "step", factor: 0.1 },
  plateau: { kind: "plateau", factor: 0.1, patience: 10, threshold: 1e-4, cooldownEpochs: 0, minLr: 0 },
} as const;

/** Merges layers (later ones win) and fills in the defaults. */
export function resolveSettings(...layers: readonly SettingsInput[]): Settings {
  const input = layers.reduce<SettingsInput>((merged, layer) => ({ ...merged, ...layer }), {});
  const imageSizePx = input.imageSizePx ?? 96;
  const { evaluation } = input;
  const cropped = evaluation?.kind === "centerCrop" ? { evaluation } : {}; // absent, so that settings without it keep their hash
  const epochs = input.epochs ?? 10;
  const init = input.init ?? { kind: "random" };
  return {
    size: input.size ?? "large",
    layout: input.layout ?? "torchvision",
    widthMult: input.widthMult ?? 1,
    imageSizePx,
    storeSizePx: input.storeSizePx ?? storeSizeFor(imageSizePx, cropped),
    batchSize: input.batchSize ?? 32,
    epochs,
    optimizer: resolveOptimizer(input.optimizer ?? "adam", input.weightDecay),
    lr: input.lr ?? 1e-3,
    schedule: resolveSchedule(input.schedule ?? "constant"),
    dropout: input.dropout ?? 0.2,
    batchNorm: { eps: input.batchNorm?.eps ?? 1e-3, momentum: input.batchNorm?.momentum ?? defaultMomentum(init) },
    init,
    freeze: resolveFreeze(input.freeze ?? "none"),
    frozenBatchNorm: input.frozenBatchNorm ?? "inference",
    labelSmoothing: input.labelSmoothing ?? 0,
    clipNorm: input.clipNorm ?? null,
    classWeights: input.classWeights ?? null,
    emaDecay: input.emaDecay ?? null,
    earlyStopping: input.earlyStopping ? { minDelta: 0, ...input.earlyStopping } : null,
    augment: input.augment ?? [randomResizedCrop(), horizontalFlip()],
    ...cropped,
    minLoaded: input.minLoaded ?? 1,
  };
}

/** Large enough for the part that validation sees. */
export function storeSizeFor(imageSizePx: number, { evaluation }: Pick<Settings, "evaluation">): number {
  return Math.ceil(imageSizePx * Math.max(STORE_FACTOR, 1 / (evaluation?.fraction ?? 1)));
}

/** torchvision's 0.01 suits statistics of long training; over few steps from random weights it leaves the initial ones in. */
function defaultMomentum(init: Init): number {
  return init.kind === "imagenet" || init.kind === "file" ? 0.01 : 0.1;
}

function resolveOptimizer(input: NonNullable<SettingsInput["optimizer"]>, decay: number | undefined): Optimizer {
  const { kind, ...given } = typeof input === "string" ? { kind: input } : input;
  const weightDecay = decay === undefined ? {} : { weightDecay: decay };
  return { ...OPTIMIZERS[kind], ...given, ...weightDecay }; // the schema has seen that the keys are the kind's
}

function resolveSchedule(input: NonNullable<SettingsInput["schedule"]>): Schedule {
  const { kind, ...given } = typeof input === "string" ? { kind: input } : input;
  return { warmupEpochs: 0, ...SCHEDULES[kind], ...given } as Schedule;
}

function resolveFreeze(freeze: NonNullable<SettingsInput["freeze"]>): readonly FreezeStage[] {
  return isStages(freeze) ? freeze : [{ part: freeze }];
}

function isStages(freeze: NonNullable<SettingsInput["freeze"]>): freeze is readonly FreezeStage[] {
  return Array.isArray(freeze);
}
