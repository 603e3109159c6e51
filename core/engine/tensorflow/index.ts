// What the rest of Lockstep knows of the `tensorflow` engine.
export { createTensorflowEngine, isInstalledForGpu, tensorflowAvailability, type Availability } from "./engine.ts";
export { writeSavedModel } from "./export.ts";
