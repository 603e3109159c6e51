/**
 * Question: which learning rate suits fine-tuning of all weights?
 * Command:  exp run experiments/learning-rate-grid.ts
 */
import { defineExperiment, fromRun, phantom } from "lockstep";

export default defineExperiment({
  name: "learning-rate-grid",
  data: phantom({ task: "malignancy", samples: 780, sizePx: 96 }),
  positiveClass: "malignant",
  seeds: [0, 1],
  base: { epochs: 6, init: fromRun("pretrain-backbone/base/0") },
  grid: { lr: [1e-4, 3e-4, 1e-3, 3e-3] },
});
