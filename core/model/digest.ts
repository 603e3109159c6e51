// The digest of a state or of part of it: sha256 over names and float32 bits in the code-unit order of the names, each NaN as the
// canonical quiet NaN, since engines differ in the payload of a NaN.
import { createHash } from "node:crypto";
import { endianness } from "node:os";
import { LockstepError } from "../errors.ts";
import { takeTurns } from "../turns.ts";
import type { State } from "./network.ts";

const CANONICAL_NAN = 0x7fc00000;

/** Numbers that are hashed at a time. */
const AT_ONCE = 1 << 18;

/** Digest of everything in the state: weights, statistics, moments. @returns 64 hex digits */
export function stateDigest(state: State): Promise<string> {
  return digestOf(state, state.keys());
}

/** Digest of the named arrays, in whatever order the names come. @returns 64 hex digits */
export async function digestOf(state: State, names: Iterable<string>): Promise<string> {
  const turns = takeTurns();
  const hash = createHash("sha256");
  for (const name of [...new Set(names)].sort()) {
    const values = state.get(name);
    if (values === undefined) throw missing(name);
    hash.update(`${JSON.stringify(name)} ${values.length}\n`); // the length keeps neighbours apart
    for (let at = 0; at < values.length; at += AT_ONCE) {
      const part = values.subarray(at, at + AT_ONCE);
      hash.update(canonicalBytes(part));
      await turns(part.byteLength);
    }
  }
  return hash.digest("hex");
}

/** Little-endian bytes with NaN canonicalised: a copy where there is one, else a view. @param values float32 */
export function canonicalBytes(values: Float32Array): Uint8Array {
  if (endianness() !== "LE") throw bigEndian();
  const clean = hasNaN(values) ? canonicalised(values) : values;
  return new Uint8Array(clean.buffer, clean.byteOffset, clean.byteLength);
}

/** A plain loop: five times as fast as `some`, over tens of millions of values after each epoch. */
function hasNaN(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (values[i] !== values[i]) return true;
  return false;
}

function canonicalised(values: Float32Array): Float32Array {
  const copy = Float32Array.from(values);
  const bits = new Uint32Array(copy.buffer);
  for (let i = 0; i < copy.length; i++) if (Number.isNaN(copy[i])) bits[i] = CANONICAL_NAN;
  return copy;
}

function missing(name: string): LockstepError {
  return new LockstepError({ code: "internal", message: `digest: the state has no array named "${name}"` });
}

function bigEndian(): LockstepError {
  return new LockstepError({
    code: "model-invalid",
    message: "digest: this machine is big-endian, expected little-endian",
  });
}
