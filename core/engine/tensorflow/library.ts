// Loads @tensorflow/tfjs-node-gpu from an installation. TensorFlow reads its settings from the environment when it is loaded, and is
// loaded once a process: a second engine must ask for the same settings.
import { createRequire } from "node:module";
import { join } from "node:path";
import { LockstepError } from "../../errors.ts";
import type { Installation } from "./installation.ts";

/** The part of the package that the engine uses. */
export interface Tfjs {
  readonly tensor: (
    values: Float32Array | Uint8Array,
    shape: readonly number[],
    dtype: "float32" | "bool",
  ) => TfjsTensor;
  readonly getBackend: () => string;
  readonly backend: () => { readonly isUsingGpuDevice: boolean; readonly binding: { readonly TF_Version: string } };
  readonly memory: () => { readonly numTensors: number };
  readonly version: { readonly "tfjs-node": string };
  readonly node: {
    readonly loadSavedModel: (folder: string, tags: string[], signature: string) => Promise<TfjsSignature>;
    readonly getNumOfSavedModels: () => number;
  };
}

export interface TfjsTensor {
  dataSync(): Float32Array;
  dispose(): void;
}

export interface TfjsSignature {
  predict(inputs: Record<string, TfjsTensor>): Record<string, TfjsTensor>;
  dispose(): void;
}

export interface Library {
  readonly tf: Tfjs;
  /** TensorFlow's own version, such as "2.21.0". */
  readonly version: string;
  readonly packageVersion: string;
  readonly usesGpu: boolean;
  readonly threads: number;
}

let loaded: Library | null = null;

/** @param threads that one op may use: a fixed number, since another number gives other bits */
export function loadLibrary(installation: Installation, threads: number): Library {
  if (loaded !== null && loaded.threads !== threads) {
    throw new LockstepError({
      code: "engine-failed",
      message: `tensorflow: this process already runs it with ${loaded.threads} threads, ${threads} were asked for`,
      next: "Use one number of threads in a process: TensorFlow fixes it when it is loaded.",
    });
  }
  loaded ??= requireLibrary(installation, threads);
  return loaded;
}

/** Environment of TensorFlow, by name. All of it decides bits or speed; none of it is read after loading. */
export function librarySettings(threads: number): Record<string, string> {
  return {
    TF_DETERMINISTIC_OPS: "1",
    TF_CUDNN_DETERMINISTIC: "1",
    TF_ENABLE_ONEDNN_OPTS: "1",
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: String(threads),
    TF_FORCE_GPU_ALLOW_GROWTH: "true", // or one process takes the whole GPU
    TF_CPP_MIN_LOG_LEVEL: process.env["TF_CPP_MIN_LOG_LEVEL"] ?? "2", // errors only
  };
}

function requireLibrary(installation: Installation, threads: number): Library {
  Object.assign(process.env, librarySettings(threads));
  const tf = requirePackage(installation);
  const backend = tf.backend();
  if (tf.getBackend() !== "tensorflow") throw notLoadable(installation, `the backend is "${tf.getBackend()}"`);
  const versions = { version: backend.binding.TF_Version, packageVersion: tf.version["tfjs-node"] };
  return { tf, ...versions, usesGpu: backend.isUsingGpuDevice, threads };
}

function requirePackage(installation: Installation): Tfjs {
  const require = createRequire(join(installation.modules, "load-from-here.js"));
  const warn = console.warn;
  try {
    console.warn = () => undefined; // the package's advertisement of itself
    return require("@tensorflow/tfjs-node-gpu") as Tfjs;
  } catch (cause) {
    throw notLoadable(installation, cause instanceof Error ? cause.message : String(cause), cause);
  } finally {
    console.warn = warn;
  }
}

/** @param words what Node, the package or the dynamic linker said @param place where the package is, and who installed it */
export function notLoadable(
  { source, folder, modules }: Pick<Installation, "source" | "folder" | "modules">,
  words: string,
  cause?: unknown,
): LockstepError {
  const line = words.trim().split("\n")[0];
  const isOurs = source === "lockstep";
  const what = isOurs
    ? `installed in ${folder}, but it does not load`
    : `the @tensorflow/tfjs-node-gpu in ${modules} does not load`;
  const next = isOurs ? adviceForOurs(words) : adviceForOwn(words);
  return new LockstepError({ code: "engine-unavailable", message: `tensorflow: ${what}: ${line}`, next, cause });
}

function adviceForOurs(words: string): string {
  const again = 'nstall the engine again with "npx exp engine install tensorflow --force".';
  const missing = missingLibrary(words);
  return missing === null ? `I${again}` : `The library ${missing} is missing: install it, or i${again}`;
}

function adviceForOwn(words: string): string {
  const ours = 'leave --from out: "npx exp engine install tensorflow" installs all of it';
  const missing = missingLibrary(words);
  if (missing !== null) {
    return `The library ${missing} is missing: put it into the package's deps/lib or its folder into LD_LIBRARY_PATH; or ${ours}.`;
  }
  if (words.includes("tfjs_binding.node) can not be found")) {
    return `The package was installed without its compiled binding: run its install script ("npm rebuild @tensorflow/tfjs-node-gpu"); or ${ours}.`;
  }
  return `Mend that package, or ${ours}.`;
}

/** What the dynamic linker did not find. */
function missingLibrary(words: string): string | null {
  return /(\S+\.so[.\d]*): cannot open shared object file/.exec(words)?.[1] ?? null;
}
