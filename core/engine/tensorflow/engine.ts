// The `tensorflow` engine: the training step written as one TensorFlow graph and run by @tensorflow/tfjs-node-gpu.
// The same bits on the same machine with the same settings; another number of threads, CPU or GPU gives others.
import { LockstepError } from "../../errors.ts";
import type { Network } from "../../model/network.ts";
import type { CompileOptions, Engine, EngineIdentity } from "../engine.ts";
import { gpuName } from "./gpu.ts";
import { findInstallation, requireInstallation, type Installation } from "./installation.ts";
import { loadLibrary, type Library } from "./library.ts";
import { loadApart } from "./load-apart.ts";
import { TensorflowProgram } from "./program.ts";
import { writeProgram } from "./program-graph.ts";
import { openSession } from "./session.ts";

/**
 * @param threads that one op may use
 * @throws LockstepError "engine-unavailable" where it is not installed, does not load, or was installed for a GPU and sees none
 * @example const engine = await createTensorflowEngine({ threads: 2 });
 */
export async function createTensorflowEngine({ threads }: { threads: number }): Promise<Engine> {
  const installation = requireInstallation();
  const library = loadLibrary(installation, threads);
  requireGpu(installation, library);
  const programs = new Set<TensorflowProgram>();
  const compile = async (network: Network, options: CompileOptions) => {
    checkOptions(network, options);
    const graph = writeProgram(network, options);
    const session = await openSession(library, graph);
    const forget = () => programs.delete(program);
    const program = new TensorflowProgram({ network, options, graph, session, forget });
    programs.add(program);
    return program;
  };
  const close = async () => programs.forEach((program) => program.dispose());
  return { identity: identityOf(library), compile, close };
}

export interface Availability {
  readonly installed: boolean;
  /** "cpu" or the GPU's name; null where the engine is not available. */
  readonly device: string | null;
  /** TensorFlow's version; null where it is not installed. */
  readonly version: string | null;
  /** Why the engine is not available; null where it is. */
  readonly reason: string | null;
}

/** Whether the engine can be used: loads TensorFlow in a process of its own, which takes a second or two. */
export async function tensorflowAvailability(): Promise<Availability> {
  const installation = findInstallation();
  if (installation === null) {
    const reason = 'not installed; "npx exp engine install tensorflow" installs it';
    return { installed: false, device: null, version: null, reason };
  }
  const version = installation.tensorflowVersion;
  try {
    const { usesGpu } = await loadApart(installation);
    requireGpu(installation, { version, usesGpu });
    return { installed: true, device: deviceOf({ usesGpu }), version, reason: null };
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    return { installed: true, device: null, version, reason: error.message };
  }
}

/** Whether it was installed for a GPU; says nothing of whether there is one. */
export function isInstalledForGpu(): boolean {
  return findInstallation()?.gpu ?? false;
}

/** Everything that decides the bits stands in the identity: both versions, device, threads, and the settings behind "graph". */
function identityOf(library: Library): EngineIdentity {
  const version = `${library.version} (tfjs-node-gpu ${library.packageVersion})`;
  const kernels = "graph, oneDNN, TF_DETERMINISTIC_OPS=1";
  return { name: "tensorflow", version, device: deviceOf(library), kernels, threads: library.threads };
}

function deviceOf({ usesGpu }: Pick<Library, "usesGpu">): string {
  return usesGpu ? gpuName() : "cpu";
}

function requireGpu({ gpu }: Installation, { version, usesGpu }: Pick<Library, "version" | "usesGpu">): void {
  if (!gpu || usesGpu) return;
  throw new LockstepError({
    code: "engine-unavailable",
    message: `tensorflow: installed for a GPU, but TensorFlow ${version} sees none`,
    next: 'Look at what "nvidia-smi" says (driver, CUDA_VISIBLE_DEVICES), or install it for the CPU: "npx exp engine install tensorflow --force".',
  });
}

function checkOptions(network: Network, { batchSize, trainable }: CompileOptions): void {
  const names = new Set(network.parameters.map(({ name }) => name));
  const unknown = [...trainable].find((name) => !names.has(name));
  if (unknown !== undefined) {
    throw new LockstepError({
      code: "model-invalid",
      message: `tensorflow: trainable parameter "${unknown}" is not in the network`,
      next: "Name parameters of this network.",
    });
  }
  if (Number.isInteger(batchSize) && batchSize >= 1) return;
  throw new LockstepError({
    code: "model-invalid",
    message: `tensorflow: batchSize is ${batchSize}, expected a whole number of at least 1`,
    next: "Set batchSize to 1 or more.",
  });
}
