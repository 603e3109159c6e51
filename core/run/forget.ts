// What a run recorded after its last checkpoint, taken away: only where it goes on with changed code and will record other values.
import type { Store } from "../store/index.ts";
import { readCheckpoint } from "../train/checkpoint.ts";

/** @param checkpoint path, or null: everything is made anew */
export async function forgetAfter(store: Store, runId: string, checkpoint: string | null): Promise<void> {
  const { epoch, batch } = checkpoint === null ? { epoch: 1, batch: 0 } : (await readCheckpoint(checkpoint)).standing;
  await store.sql.begin(async (sql) => {
    await sql`delete from batches where run_id = ${runId}
      and (phase = 'test' or epoch > ${epoch} or (epoch = ${epoch} and (phase = 'val' or batch > ${batch})))`;
    for (const table of ["epochs", "confusion_cells", "epoch_scores", "class_scores", "predictions"])
      await sql`delete from ${sql(table)} where run_id = ${runId} and (phase = 'test' or epoch >= ${epoch})`;
  });
}
