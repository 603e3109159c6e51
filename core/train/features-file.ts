// The file of kept features: one line of JSON (magic, sizes, digest), then float32 in rows, little-endian. It is there whole or not at
// all, and checked byte for byte when it is read: one that is damaged counts as absent and is made again.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { writeAtomically } from "./atomic-file.ts";

const MAGIC = "lockstep features 1";
const LINE_FEED = 10;

export interface FeatureTable {
  readonly rows: number;
  /** Numbers in a row. */
  readonly width: number;
  /** float32 [rows, width] */
  readonly values: Float32Array;
}

/** @returns null where the file is absent, damaged or of other sizes */
export async function readFeatures(path: string, rows: number, width: number): Promise<FeatureTable | null> {
  const bytes = await readFile(path).catch(() => null);
  const lineEnd = bytes?.indexOf(LINE_FEED) ?? -1;
  if (bytes === null || lineEnd < 0) return null;
  const content = bytes.subarray(lineEnd + 1);
  if (bytes.toString("utf8", 0, lineEnd) !== headerOf({ rows, width }, content)) return null;
  const values = new Float32Array(rows * width); // of its own: the content need not be aligned
  new Uint8Array(values.buffer).set(content);
  return { rows, width, values };
}

/** @throws LockstepError "storage" */
export async function writeFeatures(path: string, { rows, width, values }: FeatureTable): Promise<void> {
  const content = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  await writeAtomically(path, Buffer.concat([Buffer.from(`${headerOf({ rows, width }, content)}\n`), content]));
}

function headerOf(sizes: Omit<FeatureTable, "values">, content: Uint8Array): string {
  return JSON.stringify({ magic: MAGIC, ...sizes, sha256: createHash("sha256").update(content).digest("hex") });
}
