// exp gc: removes for good what nothing needs any more.
import type { Command } from "commander";
import { expHome } from "../home.ts";
import { megabytes } from "../megabytes.ts";
import { findUnusedCaches, removeCaches } from "../run/unused-caches.ts";
import type { StoredObject } from "../store/artifacts/object-store.ts";
import { collectUnreferenced } from "../store/artifacts/references.ts";
import { openArtifactStore } from "../store/artifacts/uploader.ts";
import { type Store } from "../store/index.ts";
import { removeDeletedRuns } from "../store/remove-deleted.ts";
import { wholeNumber } from "./flags.ts";
import { printNotice } from "./notice.ts";
import { printJson } from "./output.ts";
import { withStore } from "./with-store.ts";

interface GcFlags {
  readonly olderThan: number;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function registerGcCommand(program: Command): void {
  program
    .command("gc")
    .description(
      "Remove for good what nothing needs: deleted runs with their files, caches and stored files that no run refers to",
    )
    .option("--older-than <days>", "only what was deleted so many days ago", wholeNumber("--older-than", 0), 0)
    .option("--dry-run", "tell what would be removed and remove nothing")
    .option("--json", "one JSON object")
    .addHelpText("after", "\nExamples:\n  exp gc --dry-run\n  exp gc --older-than 30\n")
    .action(collect);
}

async function collect({ olderThan, dryRun = false, json }: GcFlags): Promise<void> {
  return withStore(async (store) => {
    const { removed, kept, bytes } = await removeDeletedRuns(store, {
      home: expHome(),
      olderThanDays: olderThan,
      dryRun,
    });
    const objects = await collectRemote(store, dryRun);
    const caches = await findUnusedCaches(store, Date.now());
    if (!dryRun) await removeCaches(caches);
    if (json) return printJson({ type: "gc", runs: removed, kept, bytes, caches, objects: objects ?? [], dryRun });
    const verb = dryRun ? "would be removed" : "removed";
    process.stdout.write(`${count(removed.length, "deleted run")} ${verb}, ${megabytes(bytes)}\n`);
    const cacheBytes = caches.reduce((sum, cache) => sum + cache.bytes, 0);
    process.stdout.write(`${count(caches.length, "unused cache")} ${verb}, ${megabytes(cacheBytes)}\n`);
    if (objects !== null) {
      const sum = objects.reduce((total, one) => total + one.bytes, 0);
      process.stdout.write(`${count(objects.length, "file")} in the artifact store ${verb}, ${megabytes(sum)}\n`);
    }
    for (const { path } of caches) process.stdout.write(`  ${path}\n`);
    for (const run of kept) printNotice(`deleted run ${run} stays: other runs started from its weights`);
  });
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

/** What no run refers to in this database's part of the artifact store; null: there is none. */
async function collectRemote(store: Store, dryRun: boolean): Promise<StoredObject[] | null> {
  const objects = await openArtifactStore(store);
  if (objects === null) return null;
  try {
    return await collectUnreferenced(store.sql, objects, dryRun);
  } finally {
    objects.close();
  }
}
