// Which files of the artifact store runs refer to. Whoever sends a file makes sure under a shared lock that it is there and referred to;
// whoever removes files holds the same lock alone and looks again: so nothing that a run refers to is removed, and nothing that has just
// been removed counts as sent.
import type { Sql, TransactionSql } from "postgres";
import type { Store } from "../connect.ts";
import type { ObjectStore, StoredObject } from "./object-store.ts";
import { PREPARED_KIND } from "./prepared-images.ts";

/** Any number that nothing else locks. */
const LOCK = 7_204_511_893;

export interface SentResume {
  readonly runId: string;
  readonly step: number;
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly bestName: string | null;
  readonly bestSha256: string | null;
  readonly bestBytes: number | null;
}

/** "unreferenced": the row is not there yet; "gone": removed meanwhile, send it again; "no-run": nobody will refer to it. */
export type Confirmed = "done" | "unreferenced" | "gone" | "no-run";

/** The part of the artifact store that is this database's own. */
export async function artifactSpace(sql: Sql): Promise<string> {
  await sql`insert into artifact_spaces (id) values (gen_random_uuid()) on conflict do nothing`;
  const [row] = await sql<{ id: string }[]>`select id from artifact_spaces`;
  return row!.id;
}

export async function confirmArtifact(
  sql: Sql,
  objects: ObjectStore,
  { runId, sha256 }: { readonly runId: string; readonly sha256: string },
): Promise<Confirmed> {
  return sql.begin(async (own) => {
    await own`select pg_advisory_xact_lock_shared(${LOCK}::bigint)`;
    const [found] = await own<{ referenced: boolean; run: boolean }[]>`
      select exists (select from artifacts where run_id = ${runId} and sha256 = ${sha256}) as referenced,
        exists (select from runs where run_id = ${runId}) as run`;
    if (!found!.run) return "no-run";
    if (!found!.referenced) return "unreferenced";
    return (await objects.has(sha256)) ? "done" : "gone";
  });
}

/** Whether all of them are referred to: then nobody removes them, sent or not. */
export async function areReferenced(sql: Sql, datasetDigest: string, digests: readonly string[]): Promise<boolean> {
  const [row] = await sql<{ all: boolean }[]>`
    select bool_and(exists (select from artifacts a where a.dataset_digest = ${datasetDigest} and a.sha256 = u.sha256)) as all
    from unnest(${[...digests]}::text[]) as u(sha256)`;
  return row?.all === true;
}

/** Another machine may go on from here from now on. @returns with what the run referred to before */
export async function confirmResume(
  sql: Sql,
  objects: ObjectStore,
  { runId, step, name, sha256, bytes, bestName, bestSha256, bestBytes }: SentResume,
): Promise<{ readonly confirmed: Confirmed; readonly before: readonly string[] }> {
  return sql.begin(async (own) => {
    await own`select pg_advisory_xact_lock_shared(${LOCK}::bigint)`;
    const [run] = await own`select from runs where run_id = ${runId}`;
    if (run === undefined) return { confirmed: "no-run", before: [] };
    for (const digest of [sha256, bestSha256])
      if (digest !== null && !(await objects.has(digest))) return { confirmed: "gone", before: [] };
    const before = await own<{ sha256: string; best: string | null }[]>`
      select sha256, best_sha256 as best from resume_points where run_id = ${runId} for update`;
    await own`
      insert into resume_points (run_id, step, name, sha256, bytes, best_name, best_sha256, best_bytes)
      values (${runId}, ${step}, ${name}, ${sha256}, ${bytes}, ${bestName}, ${bestSha256}, ${bestBytes})
      on conflict (run_id) do update set step = excluded.step, name = excluded.name, sha256 = excluded.sha256,
        bytes = excluded.bytes, best_name = excluded.best_name, best_sha256 = excluded.best_sha256,
        best_bytes = excluded.best_bytes, stored_at = now()`;
    const digests = before.flatMap((row) => [row.sha256, ...(row.best === null ? [] : [row.best])]);
    return { confirmed: "done", before: digests };
  });
}

/** Where the run can go on from, if it is not done. */
export async function readResumePoint({ sql }: Pick<Store, "sql">, runId: string): Promise<SentResume | null> {
  const [row] = await sql<SentResume[]>`
    select run_id as "runId", step, name, sha256, bytes, best_name as "bestName", best_sha256 as "bestSha256",
      best_bytes as "bestBytes"
    from resume_points where run_id = ${runId}`;
  return row ?? null;
}

/** Removes those of them that no run refers to. @returns them */
export async function removeUnreferenced(
  sql: Sql,
  objects: ObjectStore,
  candidates: readonly string[],
): Promise<readonly string[]> {
  if (candidates.length === 0) return [];
  return sql.begin(async (own) => {
    await own`select pg_advisory_xact_lock(${LOCK}::bigint)`;
    const free = await unreferenced(own, candidates);
    for (const sha256 of free) await objects.remove(sha256);
    return free;
  });
}

/** All of this database's part that no run refers to. @param dryRun tells and removes nothing */
export async function collectUnreferenced(sql: Sql, objects: ObjectStore, dryRun: boolean): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const page of objects.list()) {
    const free = await unreferenced(
      sql,
      page.map(({ sha256 }) => sha256),
    );
    const removed = new Set(dryRun ? free : await removeUnreferenced(sql, objects, free));
    found.push(...page.filter(({ sha256 }) => removed.has(sha256)));
  }
  return found;
}

async function unreferenced(sql: Sql | TransactionSql, digests: readonly string[]): Promise<string[]> {
  const rows = await sql<{ sha256: string }[]>`
    select u.sha256 from unnest(${[...digests]}::text[]) as u(sha256)
    where not exists (select from artifacts a where a.sha256 = u.sha256 and (a.kind <> ${PREPARED_KIND}
        or a.created_at > now() - interval '1 hour'
        or exists (select from runs r where r.dataset_digest = a.dataset_digest and r.deleted_at is null
          and r.config->'settings'->>'storeSizePx' = a.name)))
      and not exists (select from resume_points p join runs r using (run_id)
        where r.status <> 'done' and (p.sha256 = u.sha256 or p.best_sha256 = u.sha256))`;
  return rows.map(({ sha256 }) => sha256);
}
