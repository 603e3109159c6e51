// What the rest of core uses of experiments.
export * from "./settings.ts";
export { defineExperiment, fromFile, fromRun, imagenet, random } from "./define.ts";
export { canonicalJson, hashOf, planRuns, type Overrides, type Plan, type PlannedRun } from "./expand.ts";
export { loadExperiment, type LoadedExperiment } from "./load.ts";
export { resolveSettings } from "./resolve.ts";
