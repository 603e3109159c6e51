/**
 * Question: can a backbone learn from simulated ultrasound alone, so that the other experiments need no download?
 * Command:  exp run experiments/pretrain-backbone.ts
 * Time:     1 minute on 2 cores.
 * Result:   test accuracy about 0.67 over eight classes (chance: 0.125); what it is worth is seen in frozen-backbone.ts.
 *
 * Trains MobileNetV3-Large on eight simulated classes of echotexture and lesion shape.
 */
import { defineExperiment, phantom, random } from "lockstep";

export default defineExperiment({
  name: "pretrain-backbone",
  data: phantom({ task: "texture", samples: 2000, sizePx: 96 }),
  split: { train: 0.8, val: 0.1, test: 0.1, seed: 0 },
  positiveClass: "hyperechoic-spiculated",
  seeds: [0],
  base: { imageSizePx: 96, batchSize: 32, epochs: 8, lr: 1e-3, schedule: "cosine", init: random() },
});
