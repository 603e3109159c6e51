// Which engines this machine has, and why one is not available.
import { LockstepError } from "../errors.ts";
import type { EngineIdentity } from "./engine.ts";
import { createPortableEngine } from "./portable/index.ts";
import { tensorflowAvailability } from "./tensorflow/index.ts";

export interface EngineListing {
  readonly name: EngineIdentity["name"];
  readonly version: string | null;
  readonly device: string | null;
  readonly kernels: string | null;
  readonly available: boolean;
  /** Why it is not available; null where it is. */
  readonly reason: string | null;
}

export async function listEngines(): Promise<EngineListing[]> {
  return [await listPortable(), await listTensorflow()];
}

async function listPortable(): Promise<EngineListing> {
  try {
    const engine = await createPortableEngine({ threads: 1 });
    await engine.close();
    const { name, version, device, kernels } = engine.identity;
    return { name, version, device, kernels, available: true, reason: null };
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    return { name: "portable", version: null, device: null, kernels: null, available: false, reason: error.message };
  }
}

async function listTensorflow(): Promise<EngineListing> {
  const { version, device, reason } = await tensorflowAvailability();
  return { name: "tensorflow", version, device, kernels: "graph", available: reason === null, reason };
}
