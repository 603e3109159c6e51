// Which engine runs: "auto" takes TensorFlow where it is installed and sees a GPU, else the portable one. A named engine is
// taken or it is an error; nothing slower takes its place in silence.
import { availableParallelism } from "node:os";
import type { Engine } from "./engine.ts";
import { createPortableEngine, MOST_THREADS, type PortableOptions } from "./portable/index.ts";

export interface EngineChoice extends PortableOptions {
  readonly engine: "auto" | "portable" | "tensorflow";
}

/** @example const engine = await createEngine({ engine: "auto", threads: 2, kernels: "auto" }); */
export async function createEngine({ engine, threads, kernels, profile }: EngineChoice): Promise<Engine> {
  const count = threads ?? Math.min(MOST_THREADS, availableParallelism());
  if (engine === "portable") return createPortableEngine({ threads: count, kernels, profile });
  const { createTensorflowEngine, isInstalledForGpu, tensorflowAvailability } = await import("./tensorflow/index.ts");
  if (engine === "tensorflow") return createTensorflowEngine({ threads: count });
  const hasGpu = isInstalledForGpu() && (await tensorflowAvailability()).reason === null;
  return hasGpu
    ? createTensorflowEngine({ threads: count })
    : createPortableEngine({ threads: count, kernels, profile });
}
