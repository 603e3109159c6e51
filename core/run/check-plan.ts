// What would go wrong later is refused before anything is stored: networks that cannot be built, batches that are too small,
// a positive class that is no class.
import { LockstepError } from "../errors.ts";
import type { Plan, PlannedRun, Settings } from "../experiment/index.ts";
import { suggestion } from "../experiment/nearest.ts";
import type { Manifest, Split } from "../data/sample.ts";
import { mobilenetV3 } from "../model/mobilenet-v3.ts";
import { checkBatch } from "../model/model-check.ts";
import type { Network } from "../model/network.ts";
import { weightsOfClasses } from "../train/class-weights.ts";
import { stageOf } from "../train/stages.ts";

/** The network of one run. @param classes number of classes */
export function networkOf({ settings }: Pick<PlannedRun, "settings">, classes: number): Network {
  return mobilenetV3({ ...settings, classes });
}

/** @param splitOf the split of a run @throws LockstepError naming the variant */
export function checkPlan(plan: Plan, manifest: Manifest, splitOf: (planned: PlannedRun) => Split): void {
  checkPositiveClass(plan, manifest);
  for (const planned of plan.runs) {
    const split = splitOf(planned);
    checkParts(split, manifest);
    inVariant(planned.variant, () => {
      weightsOfClasses(planned.settings, manifest, split);
      checkTraining(planned, networkOf(planned, manifest.classes.length), split);
    });
  }
}

function checkPositiveClass({ experiment, positiveClass }: Plan, { classes, name }: Manifest): void {
  if (classes.includes(positiveClass)) return;
  throw new LockstepError({
    code: "experiment-invalid",
    message: `${experiment}: positiveClass "${positiveClass}" is no class of ${name}.${suggestion(positiveClass, classes)}`,
    next: `Choose one of: ${classes.join(", ")}.`,
  });
}

function checkParts(split: Split, { name }: Manifest): void {
  for (const part of ["train", "val", "test"] as const) {
    if (split[part].length > 0) continue;
    throw new LockstepError({
      code: "data-invalid",
      message: `data ${name}: the ${part} part has no sample, expected at least one`,
      next: "Give each part a share above 0 in the experiment's split.",
    });
  }
}

/** Every stage of the freeze schedule, with the smallest batch of an epoch. */
function checkTraining({ settings }: PlannedRun, network: Network, split: Split): void {
  const rest = split.train.length % settings.batchSize;
  const smallest = rest === 0 ? settings.batchSize : rest;
  for (const epoch of firstEpochs(settings)) {
    const { trainable } = stageOf(settings, network, epoch);
    checkBatch(network, smallest, { trainable, frozenBatchNorm: settings.frozenBatchNorm });
  }
}

/** The first epoch of each stage of the freeze schedule. */
function firstEpochs({ freeze }: Settings): number[] {
  let next = 1;
  return freeze.map(({ epochs = 0 }) => {
    const first = next;
    next += epochs;
    return first;
  });
}

function inVariant(variant: string, check: () => void): void {
  try {
    check();
  } catch (cause) {
    if (!(cause instanceof LockstepError)) throw cause;
    const { code, message, next } = cause;
    throw new LockstepError({ code, message: `variant "${variant}": ${message}`, next, cause });
  }
}
