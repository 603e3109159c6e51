// The store's public face: what core/run, core/cli and the dashboard import.
export { openStoreOrAway } from "./away-store.ts";
export { openStore, storeName, type Store, type StoreOptions } from "./connect.ts";
export { isConnectionLoss, withoutPassword } from "./connection-error.ts";
export * from "./datasets.ts";
export * from "./evaluations.ts";
export * from "./history.ts";
export * from "./kernel-times.ts";
export * from "./loop-delay.ts";
export { openReadyStore, sendLeftoverSpools, sendReleased } from "./ready-store.ts";
export { openRecorder, type RecorderOptions } from "./recorder.ts";
export { type RunCreation } from "./spool/spool-event.ts";
export * from "./run-marks.ts";
export * from "./runs.ts";
export * from "./scores.ts";
export { startRun, type TrackedRun, type TrackOptions } from "./track.ts";
export * from "./halving.ts";
