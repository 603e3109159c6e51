// Deleted runs removed for good: rows, checkpoints and files. A run that others started from stays, since they cannot be reproduced
// without its weights.
import { existsSync, rmSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Store } from "./connect.ts";

export interface RemovedRuns {
  readonly removed: readonly string[];
  /** Deleted runs that others started from. */
  readonly kept: readonly string[];
  readonly bytes: number;
}

/** @param olderThanDays only those deleted so long ago; 0: all @param dryRun tells and removes nothing */
export async function removeDeletedRuns(
  { sql }: Store,
  {
    home,
    olderThanDays = 0,
    dryRun = false,
  }: { readonly home: string; readonly olderThanDays?: number; readonly dryRun?: boolean },
): Promise<RemovedRuns> {
  const deleted = await sql<{ id: string; needed: boolean }[]>`
    select run_id as id,
      exists (select from runs child where child.parent_run_id = r.run_id and child.deleted_at is null) as needed
    from runs r where deleted_at <= now() - make_interval(days => ${olderThanDays}::int)`;
  const removed = deleted.filter(({ needed }) => !needed).map(({ id }) => id);
  const folders = removed.flatMap((id) => [join(home, "runs", id), join(home, "artifacts", id)]).filter(existsSync);
  const sizes = await Promise.all(folders.map(bytesOf));
  if (!dryRun && removed.length > 0) {
    await sql`delete from runs where run_id in ${sql(removed)}`;
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
  const kept = deleted.filter(({ needed }) => needed).map(({ id }) => id);
  return { removed, kept, bytes: sizes.reduce((sum, bytes) => sum + bytes, 0) };
}

async function bytesOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => stat(join(entry.parentPath, entry.name)));
  return (await Promise.all(files)).reduce((sum, { size }) => sum + size, 0);
}
