// Checkpoints: safetensors files with torchvision's names, the optimizer's moments as "optimizer.<slot>.<parameter>", moving averages
// as "ema.<parameter>", and in the metadata what run they belong to and where it stood. Written atomically; a digest over all of it is
// checked on load.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { LockstepError } from "../errors.ts";
import { stateDigest } from "../model/digest.ts";
import type { Network, State } from "../model/network.ts";
import { readSafetensors, safetensorsParts } from "../model/weights/safetensors.ts";
import { writeAtomically } from "./atomic-file.ts";
import type { Standing } from "./standing.ts";

const FORMAT = "lockstep-checkpoint-1";

/** What a checkpoint belongs to: it resumes no other run. */
export interface Belonging {
  readonly seed: number;
  /** sha256 of the settings. */
  readonly settings: string;
  readonly dataset: string;
  readonly split: string;
}

export interface Checkpoint {
  readonly belonging: Belonging;
  readonly network: {
    readonly family: string;
    readonly layout: string;
    readonly widthMult: number;
    readonly imageSizePx: number;
    readonly classes: readonly string[];
  };
  readonly standing: Standing;
  /** Weights and statistics; moments too where training can go on from it. */
  readonly state: State;
}

/**
 * @param knownDigest the state's, where it is known
 * @throws LockstepError "storage"; then the file that was there before is untouched
 */
export async function writeCheckpoint(
  path: string,
  network: Network,
  { state, ...rest }: Checkpoint,
  knownDigest?: string,
): Promise<void> {
  const digest = knownDigest ?? (await stateDigest(state));
  const content = JSON.stringify({ ...rest, stateDigest: digest });
  const metadata = { format: FORMAT, content, digest: sha256(content) };
  await writeAtomically(path, safetensorsParts(withShapes(state, network), metadata));
}

/** @throws LockstepError "weights-invalid" where a single bit is not as it was written */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { metadata, state } = await readArrays(path);
  const { format, content, digest } = metadata;
  if (format === undefined || content === undefined)
    throw invalid(path, "not a checkpoint: its metadata has no format");
  if (format !== FORMAT) throw invalid(path, `of format "${format}", expected "${FORMAT}"`);
  if (sha256(content) !== digest)
    throw invalid(path, "damaged: its metadata does not have the digest it was written with");
  const { stateDigest: expected, ...rest } = JSON.parse(content) as Omit<Checkpoint, "state"> & { stateDigest: string };
  const received = await stateDigest(state);
  if (received !== expected)
    throw invalid(path, `damaged: its arrays have digest ${received}, written were ${expected}`);
  return { ...rest, state };
}

/** Refuses to resume a run from another one's checkpoint. */
export function checkBelonging(path: string, stored: Belonging, ours: Belonging): void {
  for (const key of ["settings", "seed", "dataset", "split"] as const)
    if (stored[key] !== ours[key])
      throw invalid(path, `of a run with another ${key}: it has ${stored[key]}, this run has ${ours[key]}`);
}

async function readArrays(path: string): Promise<{ metadata: Readonly<Record<string, string>>; state: State }> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw invalid(path, "not readable", cause);
  });
  try {
    const { tensors, metadata } = readSafetensors(bytes, path);
    return { metadata, state: new Map([...tensors].map(([name, { values }]) => [name, values])) };
  } catch (cause) {
    if (cause instanceof LockstepError) throw cause;
    throw invalid(path, "damaged: its header makes no sense", cause);
  }
}

/** The arrays with their shapes: torchvision's for parameters, and for moments and averages those of their parameter. */
function withShapes(state: State, network: Network): Map<string, { shape: readonly number[]; values: Float32Array }> {
  const shapes = new Map(network.parameters.map(({ name, shape }) => [name, shape]));
  const shapeOf = (name: string) => shapes.get(name) ?? shapes.get(name.replace(/^(optimizer\.[^.]+|ema)\./, ""));
  return new Map([...state].map(([name, values]) => [name, { shape: shapeOf(name) ?? [values.length], values }]));
}

function invalid(path: string, what: string, cause?: unknown): LockstepError {
  return new LockstepError({
    code: "weights-invalid",
    message: `checkpoint ${path} is ${what}`,
    next: "Delete the file and `exp resume` goes on from an older checkpoint; `exp run --fresh` begins again.",
    cause,
  });
}

function sha256(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
