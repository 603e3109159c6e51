// What an experiment file calls. The types make a wrong key fail to compile; validate.ts says the same again at run time.
import type { Experiment, Init } from "./settings.ts";

/**
 * Marks an object as an experiment, for its types.
 * @example export default defineExperiment({ name: "mine", data: folder("images"), positiveClass: "malignant" })
 */
export function defineExperiment(experiment: Experiment): Experiment {
  return experiment;
}

/** Weights drawn from the run's seed: Kaiming normal for convolutions, normal 0.01 for dense layers. */
export function random(): Init {
  return { kind: "random" };
}

/** The best checkpoint of another experiment's run, which is run first when it has not been run with its present settings. */
export function fromRun(run: string): Init {
  return { kind: "run", run };
}

/** Weights from a file (.pth, .safetensors, .h5); `classifier: true` also takes the last dense layer. */
export function fromFile(path: string, { classifier = false }: { classifier?: boolean } = {}): Init {
  return { kind: "file", path, classifier };
}

/** torchvision's published ImageNet weights, downloaded once. */
export function imagenet(weights: "V1" | "V2" = "V1"): Init {
  return { kind: "imagenet", weights };
}
