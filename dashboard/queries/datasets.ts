// Data sets: what is in them, how they were split, duplicates and leaks, and which runs saw them.
import type { StoredInspection } from "../../core/store/schema/datasets.ts";
import type { Sql } from "../sql.ts";

export interface DatasetRow {
  readonly digest: string;
  readonly name: string;
  readonly classes: readonly string[];
  readonly samples: number;
  readonly simulated: boolean;
  readonly skipped: readonly { readonly id: string; readonly reason: string }[];
  readonly source: unknown;
  readonly inspection: StoredInspection | null;
  readonly createdAt: Date;
  readonly runs: number;
}

export async function readDatasets(sql: Sql, digest: string | null = null): Promise<DatasetRow[]> {
  return sql<DatasetRow[]>`
    select d.dataset_digest as digest, d.name, d.classes, d.samples, d.simulated, d.skipped, d.source, d.inspection,
      d.created_at as "createdAt", count(r.run_id)::int as runs
    from datasets d left join runs r on r.dataset_digest = d.dataset_digest and r.deleted_at is null
    where ${digest === null ? sql`true` : sql`starts_with(d.dataset_digest, ${digest})`}
    group by d.dataset_digest order by d.created_at desc`;
}

export interface SplitRow {
  readonly digest: string;
  readonly settings: unknown;
  readonly runs: number;
  /** counts[part][label] */
  readonly counts: Record<string, Record<number, number>>;
}

/** Splits of a data set, the most used first. */
export async function readSplits(sql: Sql, datasetDigest: string): Promise<SplitRow[]> {
  return sql<SplitRow[]>`
    select s.split_digest as digest, s.settings, (
        select count(*)::int from runs r where r.split_digest = s.split_digest and r.deleted_at is null
      ) as runs, (
        select jsonb_object_agg(part, labels) from (
          select part, jsonb_object_agg(label, n) as labels from (
            select m.part, sm.label, count(*)::int as n
            from split_members m join samples sm on sm.dataset_digest = s.dataset_digest and sm.sample_id = m.sample_id
            where m.split_digest = s.split_digest group by m.part, sm.label
          ) c group by part
        ) p
      ) as counts
    from splits s where s.dataset_digest = ${datasetDigest} order by runs desc, s.created_at`;
}

export interface SizeBin {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly n: number;
}

/** The commonest image sizes. */
export async function readSizes(sql: Sql, datasetDigest: string): Promise<SizeBin[]> {
  return sql<SizeBin[]>`
    select width_px as "widthPx", height_px as "heightPx", count(*)::int as n
    from samples where dataset_digest = ${datasetDigest}
    group by 1, 2 order by n desc, 1, 2 limit 12`;
}

export interface DuplicateGroup {
  readonly sha256: string;
  readonly sampleIds: readonly string[];
  readonly labels: readonly number[];
  /** Parts of the split it stands in; more than one is a leak. */
  readonly parts: readonly string[];
}

/** Samples with identical bytes. @param splitDigest null: parts unknown */
export async function readDuplicates(
  sql: Sql,
  datasetDigest: string,
  splitDigest: string | null,
): Promise<DuplicateGroup[]> {
  return sql<DuplicateGroup[]>`
    select s.sha256, array_agg(s.sample_id order by s.sample_id) as "sampleIds", array_agg(distinct s.label) as labels,
      coalesce(array_agg(distinct m.part) filter (where m.part is not null), '{}') as parts
    from samples s left join split_members m on m.split_digest = ${splitDigest} and m.sample_id = s.sample_id
    where s.dataset_digest = ${datasetDigest}
    group by s.sha256 having count(*) > 1 order by count(distinct s.label) desc, s.sha256 limit 100`;
}

/** Groups (a patient, near duplicates) that stand in more than one part. */
export async function readLeakedGroups(sql: Sql, datasetDigest: string, splitDigest: string): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from (
      select s.group_id from samples s join split_members m on m.split_digest = ${splitDigest} and m.sample_id = s.sample_id
      where s.dataset_digest = ${datasetDigest} and s.group_id is not null
      group by s.group_id having count(distinct m.part) > 1
    ) leaked`;
  return row?.n ?? 0;
}

export interface SamplePicture {
  readonly sampleId: string;
  readonly label: number;
  readonly part: string | null;
  readonly thumbnail: string;
}

/** Samples with a thumbnail, one class after the other in turn. */
export async function readPictures(
  sql: Sql,
  { datasetDigest, splitDigest, limit }: { datasetDigest: string; splitDigest: string | null; limit: number },
): Promise<SamplePicture[]> {
  return sql<SamplePicture[]>`
    select "sampleId", label, part, thumbnail from (
      select s.sample_id as "sampleId", s.label, m.part, a.artifact_id as thumbnail,
        row_number() over (partition by s.label order by s.sha256, s.sample_id) as turn
      from samples s
      join artifacts a on a.dataset_digest = s.dataset_digest and a.sample_id = s.sample_id and a.kind = 'thumbnail'
      left join split_members m on m.split_digest = ${splitDigest} and m.sample_id = s.sample_id
      where s.dataset_digest = ${datasetDigest}
    ) p order by turn, label limit ${limit}`;
}

/** Thumbnails of some samples, by sample id. */
export async function readThumbnails(
  sql: Sql,
  datasetDigest: string,
  sampleIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await sql<{ id: string; thumbnail: string }[]>`
    select sample_id as id, min(artifact_id) as thumbnail from artifacts
    where dataset_digest = ${datasetDigest} and kind = 'thumbnail' and sample_id = any(${[...sampleIds]}::text[])
    group by sample_id`;
  return new Map(rows.map(({ id, thumbnail }) => [id, thumbnail]));
}
