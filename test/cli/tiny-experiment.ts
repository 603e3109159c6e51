// Experiment files that train in seconds, for tests of the command line.

/** Two classes of simulated images, 32 px, a narrow network. @param more keys that replace the usual ones */
export function tinyExperiment(more: Record<string, unknown> = {}): string {
  return `import { defineExperiment } from "lockstep";\nexport default defineExperiment(${tinyJson(more)});\n`;
}

/** The same in JavaScript without imports, which Node loads by itself. */
export function tinyModule(more: Record<string, unknown> = {}): string {
  return `export default ${tinyJson(more)};\n`;
}

function tinyJson(more: Record<string, unknown>): string {
  return JSON.stringify({
    name: "tiny",
    data: { kind: "phantom", task: "malignancy", samples: 48, sizePx: 32, balance: null, difficulty: 0.5, seed: 0 },
    positiveClass: "malignant",
    seeds: [0],
    base: TINY_SETTINGS,
    ...more,
  });
}

/** 34 training images: batches of 12, 12 and 10 in an epoch. */
export const TINY_SETTINGS = { imageSizePx: 32, batchSize: 12, epochs: 2, widthMult: 0.35, lr: 1e-3 };
