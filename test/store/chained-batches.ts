// Batches whose chain is the trainer's own, so that what stands in a database can be checked against it.
import type { StoredBatch } from "../../core/store/history.ts";
import { FIRST_LINK, nextLink } from "../../core/train/chain.ts";
import type { BatchEvent } from "../../core/train/recorder.ts";
import { batchEvent } from "./sample-run.ts";

const idsOf = (batch: number): string[] => [`${batch}a.png`, `${batch}b.png`];

/** The one after the batch that ends with this link. */
export function nextBatch(chain: string, batch: number): BatchEvent {
  const event = batchEvent(1, batch);
  return { ...event, chain: nextLink(chain, idsOf(batch), event.loss, event.correct) };
}

/** The first row that is missing, there twice or wrong, by the chain made anew from the rows; null: none. */
export function firstWrong(rows: readonly Pick<StoredBatch, "batch" | "loss" | "correct" | "chain">[]): string | null {
  let chain = FIRST_LINK;
  for (const [index, row] of rows.entries()) {
    const expected = nextLink(chain, idsOf(index + 1), row.loss, row.correct);
    if (row.batch !== index + 1) return `batch ${index + 1} is missing, or ${row.batch} is there twice`;
    if (row.chain !== expected || row.loss !== batchEvent(1, row.batch).loss) return `batch ${row.batch} is wrong`;
    chain = row.chain;
  }
  return null;
}
