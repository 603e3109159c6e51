// All that an experiment file, or a program of one's own, may import: import { … } from "lockstep".
export * from "./data/index.ts";
export { defineExperiment, fromFile, fromRun, imagenet, random } from "./experiment/define.ts";
export { logUniform, uniform } from "./experiment/search.ts";
export type { Experiment, SettingsInput, SplitInput } from "./experiment/settings.ts";
export { Interrupted, LockstepError } from "./errors.ts";
export { stream, type Stream } from "./random.ts";
export { startRun, type TrackedRun, type TrackOptions } from "./store/track.ts";
