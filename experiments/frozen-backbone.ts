/**
 * Question: does freezing the backbone cost recall?
 * Command:  exp run experiments/frozen-backbone.ts
 *           exp run experiments/frozen-backbone.ts --data ../images   (class folders of your own)
 *
 * Every variant starts from the same pretrained backbone and sees the same split; seeds are replicates.
 */
import { defineExperiment, fromRun, phantom, random } from "lockstep";

export default defineExperiment({
  name: "frozen-backbone",
  data: phantom({ task: "malignancy", samples: 780, sizePx: 96 }),
  split: { train: 0.7, val: 0.15, test: 0.15, seed: 0 }, // one split for all runs: compared on the same samples
  positiveClass: "malignant",
  seeds: [0, 1, 2],
  base: { imageSizePx: 96, batchSize: 32, epochs: 10, lr: 1e-3, init: fromRun("pretrain-backbone/base/0") },
  variants: {
    frozen: { freeze: "backbone" }, // only the classifier trains
    blocks: { freeze: "blocks" }, // stem, last convolution and classifier train
    unfrozen: { freeze: "none", lr: 3e-4 },
    frozenRandom: { freeze: "backbone", frozenBatchNorm: "update", init: random() }, // the control: is there any transfer?
    slim: { freeze: "none", widthMult: 0.5, init: random() },
  },
});
