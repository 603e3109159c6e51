// The nearest valid name to a mistyped one, for "Did you mean …?".
import { closest, distance } from "fastest-levenshtein";

/** Names that people bring from other frameworks, and what they are called here. */
const synonyms: Readonly<Record<string, string>> = {
  learning_rate: "lr",
  learningRate: "lr",
  width: "widthMult",
  width_mult: "widthMult",
  alpha: "widthMult",
  image_size: "imageSizePx",
  imageSize: "imageSizePx",
  batch_size: "batchSize",
  num_epochs: "epochs",
  wd: "weightDecay",
  weight_decay: "weightDecay",
  pretrained: "init",
  weights: "init",
  augmentation: "augment",
  augmentations: "augment",
  dataset: "data",
  seed: "seeds",
};

/** The valid name that `name` was probably meant to be, or null where none is near. */
export function nearest(name: string, valid: readonly string[]): string | null {
  const synonym = synonyms[name];
  if (synonym !== undefined && valid.includes(synonym)) return synonym;
  if (valid.length === 0) return null;
  const found = closest(name.toLowerCase(), [...valid]);
  return distance(name.toLowerCase(), found.toLowerCase()) <= Math.max(2, Math.floor(name.length / 2)) ? found : null;
}

/** ' Did you mean "lr"?' or, where nothing is near, the list of valid names. */
export function suggestion(name: string, valid: readonly string[]): string {
  const found = nearest(name, valid);
  return found === null ? ` Valid: ${valid.join(", ")}.` : ` Did you mean "${found}"?`;
}
