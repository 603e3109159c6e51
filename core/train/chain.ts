// The digest chain: each batch's link covers all batches before it, so that two runs agree in their last link only where they agreed
// in every batch. And the run's digest, which closes it.
import { createHash } from "node:crypto";
import { LockstepError } from "../errors.ts";
import { canonicalBytes } from "../model/digest.ts";
import type { KnownLink, Predictions } from "./contract.ts";
import type { Phase } from "./recorder.ts";

/** What the first batch's link follows. */
export const FIRST_LINK = "0".repeat(64);

const CANONICAL_NAN = 0x7ff80000_00000000n;

/**
 * sha256(previous, sample ids, the loss's double bits, correct count); NaN as the canonical quiet NaN.
 * @param previous 64 hex digits @returns 64 hex digits
 */
export function nextLink(previous: string, sampleIds: readonly string[], loss: number, correct: number): string {
  const numbers = new DataView(new ArrayBuffer(12));
  if (Number.isNaN(loss)) numbers.setBigUint64(0, CANONICAL_NAN, true);
  else numbers.setFloat64(0, loss, true);
  numbers.setUint32(8, correct, true);
  const hash = createHash("sha256");
  hash.update(Buffer.from(previous, "hex"));
  hash.update(`${JSON.stringify(sampleIds)}\n`); // JSON keeps neighbouring ids apart
  hash.update(new Uint8Array(numbers.buffer));
  return hash.digest("hex");
}

/**
 * sha256(last link of a training epoch, its state digest): what the epoch's validation follows, so that the chain covers every state too.
 * @returns 64 hex digits
 */
export function stateLink(chain: string, stateDigest: string): string {
  return createHash("sha256").update(Buffer.from(chain, "hex")).update(Buffer.from(stateDigest, "hex")).digest("hex");
}

/** Another engine does the arithmetic from here on. Each is told with all that decides its bits, such as "portable 1.0.0". */
export interface EngineChange {
  readonly from: string;
  readonly to: string;
}

/** sha256(chain, both engines): what the first batch after a change of engine follows. A run that stays on one engine has no such link. */
export function engineLink(chain: string, { from, to }: EngineChange): string {
  const hash = createHash("sha256").update(Buffer.from(chain, "hex"));
  return hash.update(`${JSON.stringify([from, to])}\n`).digest("hex");
}

/** sha256(last chain digest, last state digest, test predictions: each sample's id and logits). @returns 64 hex digits */
export function runDigest(chain: string, stateDigest: string, test: Predictions): string {
  const hash = createHash("sha256");
  hash.update(Buffer.from(chain, "hex"));
  hash.update(Buffer.from(stateDigest, "hex"));
  test.sampleIds.forEach((id, i) => {
    hash.update(`${JSON.stringify(id)}\n`);
    hash.update(canonicalBytes(Float32Array.from(test.logits[i] ?? [])));
  });
  return hash.digest("hex");
}

export interface RepeatedBatch {
  readonly phase: Phase;
  readonly epoch: number;
  readonly batch: number;
  readonly sampleIds: readonly string[];
  readonly link: KnownLink;
  /** What was stored before. */
  readonly known: KnownLink;
}

/** @throws LockstepError "verdict" where a repeated batch differs from what was stored of it */
export function checkRepeated({ phase, epoch, batch, sampleIds, link, known }: RepeatedBatch): void {
  if (link.chain === known.chain) return;
  const what =
    Object.is(link.loss, known.loss) && link.correct === known.correct
      ? `the same loss ${link.loss}, but other samples or other batches before it`
      : `loss ${link.loss} with ${link.correct} correct, stored were ${known.loss} with ${known.correct}`;
  throw new LockstepError({
    code: "verdict",
    message: `${phase} epoch ${epoch}, batch ${batch} differs from its stored row: ${what} (samples ${sampleIds.join(", ")})`,
    next: "Code, data, weights or engine have changed since: `exp reproduce` says which; a new run starts with `exp run --fresh`.",
  });
}
