/**
 * Question: how narrow may the network be before accuracy falls?
 * Command:  exp run experiments/width-sweep.ts
 */
import { defineExperiment, phantom, random } from "lockstep";

export default defineExperiment({
  name: "width-sweep",
  data: phantom({ task: "malignancy", samples: 780, sizePx: 96 }),
  positiveClass: "malignant",
  seeds: [0, 1],
  base: { epochs: 10, init: random() },
  grid: { widthMult: [0.35, 0.5, 0.75, 1] },
});
