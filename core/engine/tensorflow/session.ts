// A TensorFlow session that holds a program's variables: written out as a SavedModel, loaded by the package, and the file removed.
// Tensors of a run live for that run only; what comes back is copied to the host.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LockstepError } from "../../errors.ts";
import type { Library, TfjsSignature, TfjsTensor } from "./library.ts";
import type { ProgramGraph, SignatureName } from "./program-graph.ts";
import { SERVE_TAG, writeModelFile } from "./saved-model.ts";

export interface SessionInput {
  readonly values: Float32Array | Uint8Array;
  readonly shape: readonly number[];
}

export interface Session {
  /** Runs one signature. @returns copies of its outputs by name */
  run(signature: SignatureName, inputs: Readonly<Record<string, SessionInput>>): Map<string, Float32Array>;
  /** Frees the session and its variables. */
  dispose(): void;
}

export async function openSession({ tf }: Library, program: ProgramGraph): Promise<Session> {
  const folder = await mkdtemp(join(tmpdir(), "lockstep-tensorflow-"));
  const signatures = new Map<string, TfjsSignature>();
  try {
    await writeModelFile(folder, program.graph, program.signatures);
    for (const name of Object.keys(program.signatures)) {
      signatures.set(name, await tf.node.loadSavedModel(folder, [SERVE_TAG], name)); // all in one session
    }
  } catch (cause) {
    throw failed("cannot load the graph", cause);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }

  const run = (name: SignatureName, inputs: Readonly<Record<string, SessionInput>>) => {
    const signature = signatures.get(name);
    if (signature === undefined)
      throw new TypeError(`tensorflow: a program without the signature "${name}" was asked for it`);
    // "bool" is how the package takes bytes as they are; the graph's input is uint8
    const tensors = mapValues(inputs, ({ values, shape }) =>
      tf.tensor(values, shape, values instanceof Uint8Array ? "bool" : "float32"),
    );
    try {
      return copyOut(signature.predict(tensors));
    } catch (cause) {
      throw failed(`the signature "${name}" failed`, cause);
    } finally {
      for (const tensor of Object.values(tensors)) tensor.dispose();
    }
  };
  const dispose = () => {
    for (const signature of signatures.values()) signature.dispose();
    signatures.clear(); // a second call does nothing
  };
  return { run, dispose };
}

function copyOut(outputs: Record<string, TfjsTensor>): Map<string, Float32Array> {
  const copies = new Map<string, Float32Array>();
  for (const [name, tensor] of Object.entries(outputs)) {
    copies.set(name, tensor.dataSync());
    tensor.dispose();
  }
  return copies;
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function failed(what: string, cause: unknown): LockstepError {
  const words = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
  const outOfMemory = /OOM|out of memory|RESOURCE_EXHAUSTED/i.test(words ?? "");
  return new LockstepError({
    code: outOfMemory ? "memory" : "engine-failed",
    message: `tensorflow: ${what}: ${words}`,
    next: outOfMemory
      ? "Take a smaller batchSize or imageSizePx."
      : "If it happens again, report it with this message.",
    cause,
  });
}
