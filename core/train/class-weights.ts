// The weight of each class in the training loss.
import type { Manifest, Split } from "../data/sample.ts";
import { LockstepError } from "../errors.ts";
import { suggestion } from "../experiment/nearest.ts";
import type { ClassWeights, Settings } from "../experiment/settings.ts";

type Asked = Pick<Settings, "classWeights" | "labelSmoothing">;

/**
 * In the manifest's order of classes; null where all are 1. "balanced" is scikit-learn's compute_class_weight over the training part,
 * with 1 for a class that has no sample there.
 * @throws LockstepError "experiment-invalid" where a name is none of the classes, or smoothing would turn labels over
 */
export function weightsOfClasses(asked: Asked, manifest: Manifest, split: Split): number[] | null {
  if (asked.classWeights === null) return null;
  const weights = asked.classWeights === "balanced" ? balanced(manifest, split) : named(asked.classWeights, manifest);
  checkSmoothing(asked.labelSmoothing, weights);
  return weights;
}

function balanced({ classes, samples }: Manifest, { train }: Split): number[] {
  const counts = classes.map((_, k) => train.filter((index) => samples[index]?.label === k).length);
  return counts.map((count) => (count === 0 ? 1 : train.length / (classes.length * count)));
}

function named(weights: Exclude<ClassWeights, string>, { classes, name: data }: Manifest): number[] {
  const unknown = Object.keys(weights).find((name) => !classes.includes(name));
  if (unknown === undefined) return classes.map((name) => weights[name] ?? 1);
  throw new LockstepError({
    code: "experiment-invalid",
    message: `classWeights: "${unknown}" is no class of ${data}.${suggestion(unknown, classes)}`,
    next: `Name classes of the data set: ${classes.join(", ")}.`,
  });
}

/** A smoothed label gives every other class smoothing / K times that class's weight: more than the label keeps would teach the wrong class. */
function checkSmoothing(smoothing: number, weights: readonly number[]): void {
  const rest = smoothing / weights.length;
  const lightest = Math.min(...weights);
  const heaviest = Math.max(...weights);
  if (heaviest * rest < lightest * (1 - smoothing + rest)) return;
  throw new LockstepError({
    code: "experiment-invalid",
    message: `classWeights: ${heaviest} and ${lightest} are too far apart for labelSmoothing ${smoothing}: a sample of the lighter class would be taught the heavier one`,
    next: `Lower labelSmoothing, or bring the weights nearer to each other than ${((1 - smoothing + rest) / rest).toFixed(1)} to 1.`,
  });
}
