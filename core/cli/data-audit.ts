// exp data audit RUN: does the split that a run used leak?
import { pictureLeaks, storedLeaks, type Leak } from "../data/audit.ts";
import type { Manifest, Source, SplitPart } from "../data/index.ts";
import { LockstepError } from "../errors.ts";
import { findRun, readManifest, readSplitMembers, type RunRow, type Store } from "../store/index.ts";
import { listForLooking } from "./data-source.ts";
import { printJson, printTable } from "./output.ts";
import { withStore } from "./with-store.ts";

interface Audit {
  readonly leaks: readonly Leak[];
  /** Why pictures could not be compared, or null where they were. */
  readonly notCompared: string | null;
  readonly samples: number;
}

export async function auditRun(name: string, { json }: { readonly json?: boolean }): Promise<void> {
  return withStore(async (store) => {
    const run = await findRun(store, name);
    const audit = await auditSplit(store, run);
    if (json) printJson({ type: "audit", run: run.runId, split: run.splitDigest, ...audit });
    else printAudit(audit);
    if (audit.leaks.length > 0) throw leaking(run, audit.leaks.length);
  });
}

async function auditSplit(store: Store, { runId, datasetDigest, splitDigest }: RunRow): Promise<Audit> {
  if (datasetDigest === null || splitDigest === null) throw noSplit(runId);
  const manifest = await readManifest(store, datasetDigest);
  const members = await readSplitMembers(store, splitDigest);
  if (members === null) throw noSplit(runId);
  const partOf = new Map(
    (["train", "val", "test"] as const).flatMap((part) => members[part].map((id) => [id, part] as const)),
  );
  const compared = await comparePictures(store, manifest, partOf);
  return { ...compared, leaks: [...storedLeaks(manifest, partOf), ...compared.leaks], samples: partOf.size };
}

/** The pictures are looked at again where the source still is; images that have changed since are named in `notCompared`. */
async function comparePictures(
  store: Store,
  manifest: Manifest,
  partOf: ReadonlyMap<string, SplitPart>,
): Promise<Pick<Audit, "leaks" | "notCompared">> {
  const [row] = await store.sql<{ source: Source }[]>`
    select source from datasets where dataset_digest = ${manifest.digest}`;
  if (row === undefined) return { leaks: [], notCompared: "its source is not stored" };
  try {
    const listing = await listForLooking(row.source);
    const known = new Map(manifest.samples.map(({ id, sha256 }) => [id, sha256]));
    const same = listing.manifest.samples.filter(({ id, sha256 }) => known.get(id) === sha256).length;
    const missing = manifest.samples.length - same;
    const notCompared = missing === 0 ? null : `${missing} images are gone or have changed since`;
    return { leaks: await pictureLeaks(listing, partOf), notCompared };
  } catch (error) {
    if (!(error instanceof LockstepError)) throw error;
    return { leaks: [], notCompared: error.message.split("\n")[0] ?? error.message };
  }
}

function printAudit({ leaks, notCompared, samples }: Audit): void {
  const rows = leaks.map(({ kind, a, partOfA, b, partOfB }) => [kind, `${partOfA}: ${a}`, `${partOfB}: ${b}`]);
  if (leaks.length > 0) printTable(["leak", "one", "other"], rows);
  else process.stdout.write(`No leak among ${samples} samples.\n`);
  if (notCompared !== null) process.stdout.write(`Pictures were not all compared: ${notCompared}.\n`);
}

function leaking({ runId }: RunRow, count: number): LockstepError {
  return new LockstepError({
    code: "verdict",
    message: `run ${runId.slice(0, 8)}: its split has ${count} leaks between train, val and test`,
    next: "Name the groups in the source (group), or let Lockstep draw the split.",
  });
}

function noSplit(runId: string): LockstepError {
  return new LockstepError({
    code: "run-state",
    message: `run ${runId.slice(0, 8)} has no stored split`,
    next: "Audit a run that began training.",
  });
}
