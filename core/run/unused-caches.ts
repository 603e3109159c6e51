// Caches that no stored run needs: prepared images left by data that has changed, by other sizes, or by a process that was killed; and
// features of frozen backbones, which the next training with that backbone computes again in its first epoch.
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { preparedPath } from "../data/index.ts";
import { isLeftOver } from "../data/prepared-file.ts";
import { expHome } from "../home.ts";
import type { Store } from "../store/index.ts";

export interface UnusedCache {
  readonly path: string;
  readonly bytes: number;
}

/** A cache so young may belong to a sweep that has stored no run yet; what a killed process left belongs to nobody at any age. */
const YOUNG_MS = 3_600_000;

/** Caches of this home that no run which is not deleted was trained from. @param now milliseconds since 1970 */
export async function findUnusedCaches({ sql }: Store, now: number): Promise<UnusedCache[]> {
  const rows = await sql<{ dataset: string; size: number }[]>`
    select distinct dataset_digest as dataset, (config->'settings'->>'storeSizePx')::int as size from runs
    where deleted_at is null and dataset_digest is not null and config->'settings'->>'storeSizePx' is not null`;
  const used = new Set(rows.map(({ dataset, size }) => preparedPath(dataset, size)));
  const prepared = await oldFiles(join(expHome(), "cache", "prepared"), now);
  const features = await oldFiles(join(expHome(), "cache", "features"), now);
  return [...prepared.filter(({ path }) => !used.has(path)), ...features];
}

async function oldFiles(folder: string, now: number): Promise<UnusedCache[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const files = await Promise.all(
    names.sort().map(async (name) => {
      const path = join(folder, name);
      const found = await stat(path).catch(() => null);
      return found !== null && (now - found.mtimeMs > YOUNG_MS || isLeftOver(path))
        ? [{ path, bytes: found.size }]
        : [];
    }),
  );
  return files.flat();
}

export async function removeCaches(caches: readonly UnusedCache[]): Promise<void> {
  await Promise.all(caches.map(({ path }) => rm(path, { force: true })));
}
