// Data sets and splits, row by row; both are named by their digest, so saving one again changes nothing but the list of images
// that were left out, which is the last one.
import type { JSONValue, Sql, TransactionSql } from "postgres";
import { LockstepError } from "../errors.ts";
import type { Manifest, Sample, Split, SplitPart } from "../data/sample.ts";
import type { SampleArtifact } from "../train/recorder.ts";
import type { Store } from "./connect.ts";
import { arrayLiteral, storableJson, storableText } from "./events/array-literal.ts";
import type { StoredInspection } from "./schema/datasets.ts";

export interface DatasetAbout {
  readonly manifest: Manifest;
  /** The experiment's `data`, for people and for `exp reproduce`. */
  readonly source: unknown;
  /** For the data page; null keeps what is stored. */
  readonly inspection: StoredInspection | null;
}

/** What the row of a run refers to. */
export interface RunData extends DatasetAbout {
  readonly split: Split;
  /** The split as the experiment asks for it: fractions and seed. */
  readonly splitSettings: unknown;
}

export async function saveDataset(
  store: Store,
  manifest: Manifest,
  source: unknown,
  inspection: StoredInspection | null = null,
): Promise<void> {
  await store.sql.begin((sql) => insertDataset(sql, { manifest, source, inspection }));
}

export async function saveRunData(store: Store, data: RunData): Promise<void> {
  await store.sql.begin((sql) => insertRunData(sql, data));
}

export async function insertRunData(sql: TransactionSql, data: RunData): Promise<void> {
  await insertDataset(sql, data);
  await insertSplit(sql, data);
}

async function insertDataset(sql: TransactionSql, { manifest, source, inspection }: DatasetAbout): Promise<void> {
  const { digest, name, classes, samples, simulated, skipped } = manifest;
  const [row] = await sql<{ fresh: boolean }[]>`
    insert into datasets (dataset_digest, name, source, classes, samples, simulated, skipped, inspection)
    values (${digest}, ${storableText(name)}, ${sql.json(storableJson(source) as JSONValue)},
      ${arrayLiteral(classes)}::text::text[], ${samples.length}, ${simulated}, ${sql.json(storableJson(skipped) as JSONValue)},
      ${inspection === null ? null : sql.json(storableJson(inspection) as JSONValue)})
    on conflict (dataset_digest) do update set
      skipped = excluded.skipped, inspection = coalesce(excluded.inspection, datasets.inspection)
    returning xmax = 0 as fresh`;
  if (row?.fresh !== true) return;
  const column = (value: (sample: Sample, position: number) => string | number | null) =>
    arrayLiteral(samples.map(value));
  await sql`
    insert into samples (dataset_digest, sample_id, position, sha256, label, group_id, width_px, height_px, official_part)
    select ${digest}, u.* from unnest(
      ${column(({ id }) => id)}::text::text[], ${column((_, position) => position)}::text::int[],
      ${column(({ sha256 }) => sha256)}::text::text[], ${column(({ label }) => label)}::text::int[],
      ${column(({ group }) => group)}::text::text[], ${column(({ widthPx }) => widthPx)}::text::int[],
      ${column(({ heightPx }) => heightPx)}::text::int[], ${column(({ officialPart }) => officialPart)}::text::text[]) as u`;
}

async function insertSplit(
  sql: TransactionSql,
  { manifest, split, splitSettings }: Pick<RunData, "manifest" | "split" | "splitSettings">,
): Promise<void> {
  const members = (["train", "val", "test"] as const).flatMap((part) =>
    split[part].map((index) => ({ part, id: manifest.samples[index]!.id })),
  );
  const { count } = await sql`
    insert into splits (split_digest, dataset_digest, settings)
    values (${split.digest}, ${split.datasetDigest}, ${sql.json(storableJson(splitSettings) as JSONValue)})
    on conflict do nothing`;
  if (count === 0) return;
  await sql`
    insert into split_members (split_digest, sample_id, part)
    select ${split.digest}, u.* from unnest(
      ${arrayLiteral(members.map(({ id }) => id))}::text::text[],
      ${arrayLiteral(members.map(({ part }) => part))}::text::text[]) as u`;
}

export async function saveSampleArtifacts(
  sql: Sql | TransactionSql,
  datasetDigest: string,
  files: readonly SampleArtifact[],
): Promise<void> {
  const column = (value: (file: SampleArtifact) => string | number) => arrayLiteral(files.map(value));
  await sql`
    insert into artifacts (artifact_id, dataset_digest, sample_id, kind, name, media_type, path, sha256, bytes)
    select left(encode(sha256(convert_to(concat_ws(E'\\n', ${datasetDigest}::text, u.sample_id, u.kind, u.sha256), 'UTF8')), 'hex'), 32),
      ${datasetDigest}, u.sample_id, u.kind, u.sample_id, u.media_type, u.path, u.sha256, u.bytes
    from unnest(${column(({ sampleId }) => sampleId)}::text::text[], ${column(({ kind }) => kind)}::text::text[],
      ${column(({ mediaType }) => mediaType)}::text::text[], ${column(({ path }) => path)}::text::text[],
      ${column(({ sha256 }) => sha256)}::text::text[], ${column(({ bytes }) => bytes)}::text::bigint[])
      as u(sample_id, kind, media_type, path, sha256, bytes)
    on conflict (artifact_id) do update set path = excluded.path`;
}

/** @throws LockstepError "data-invalid" when the data set is not stored */
export async function readManifest(store: Store, digest: string): Promise<Manifest> {
  const [row] = await store.sql`select * from datasets where dataset_digest = ${digest}`;
  if (row === undefined) {
    throw new LockstepError({
      code: "data-invalid",
      message: `The database holds no data set ${digest.slice(0, 12)}.`,
    });
  }
  const samples = await store.sql<Sample[]>`
    select sample_id as id, sha256, label, group_id as group, width_px as "widthPx", height_px as "heightPx",
      official_part as "officialPart"
    from samples where dataset_digest = ${digest} order by position`;
  const { name, simulated, classes, skipped } = row as unknown as Omit<Manifest, "digest" | "samples">;
  return { digest, name, simulated, classes, skipped, samples: [...samples] };
}

/** Members of a stored split by part, in the data set's order; null where the split is not stored. */
export async function readSplitMembers(store: Store, splitDigest: string): Promise<Record<SplitPart, string[]> | null> {
  const rows = await store.sql<{ id: string; part: SplitPart }[]>`
    select m.sample_id as id, m.part from split_members m join splits using (split_digest)
    left join samples s on s.dataset_digest = splits.dataset_digest and s.sample_id = m.sample_id
    where m.split_digest = ${splitDigest} order by s.position nulls last, m.sample_id`;
  if (rows.length === 0) return null;
  const members: Record<SplitPart, string[]> = { train: [], val: [], test: [] };
  for (const { id, part } of rows) members[part].push(id);
  return members;
}
