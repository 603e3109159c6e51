// Artifacts, log lines, verdicts and lineage of a run.
import type { Sql } from "../sql.ts";

export interface ArtifactRow {
  readonly artifactId: string;
  readonly kind: string;
  readonly name: string;
  readonly mediaType: string;
  /** Below EXP_HOME. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly epoch: number | null;
}

export async function readArtifacts(sql: Sql, runId: string): Promise<ArtifactRow[]> {
  return sql<ArtifactRow[]>`
    select artifact_id as "artifactId", kind, name, media_type as "mediaType", path, sha256, bytes::float8 as bytes, epoch
    from artifacts where run_id = ${runId} order by kind, epoch nulls last, name`;
}

export async function findArtifact(sql: Sql, artifactId: string): Promise<ArtifactRow | null> {
  const [row] = await sql<ArtifactRow[]>`
    select artifact_id as "artifactId", kind, name, media_type as "mediaType", path, sha256, bytes::float8 as bytes, epoch
    from artifacts where artifact_id = ${artifactId}`;
  return row ?? null;
}

export interface LogLine {
  readonly at: Date;
  readonly level: string;
  readonly text: string;
}

/** The last `limit` lines, oldest first. */
export async function readLog(sql: Sql, runId: string, limit = 2000): Promise<LogLine[]> {
  return sql<LogLine[]>`
    select at, level, text from (
      select * from run_events where run_id = ${runId} order by seq desc limit ${limit}
    ) last order by seq`;
}

export interface VerdictRow {
  readonly at: Date;
  readonly kind: string;
  readonly verdict: string;
  readonly details: unknown;
}

export async function readVerdicts(sql: Sql, runId: string): Promise<VerdictRow[]> {
  return sql<VerdictRow[]>`
    select at, kind, verdict, details from verdicts where run_id = ${runId} order by seq desc`;
}

export interface Relative {
  readonly runId: string;
  readonly experiment: string;
  readonly variant: string;
  readonly seed: number;
  readonly status: string;
  /** Steps from the run: negative for what it came from. */
  readonly distance: number;
}

/** Where the weights came from, back to the first run, and the runs that began from this one. */
export async function readLineage(sql: Sql, runId: string): Promise<Relative[]> {
  return sql<Relative[]>`
    with recursive back as (
      select run_id, parent_run_id, 0 as distance from runs where run_id = ${runId}
      union all
      select r.run_id, r.parent_run_id, back.distance - 1 from back join runs r on r.run_id = back.parent_run_id
      where back.distance > -20
    )
    select r.run_id as "runId", r.experiment, r.variant, r.seed, r.status, family.distance
    from (
      select run_id, distance from back
      union all
      (select run_id, 1 from runs where parent_run_id = ${runId} and deleted_at is null order by created_at limit 50)
    ) family join runs r using (run_id)
    order by family.distance, r.experiment, r.variant, r.seed`;
}

export interface ChangeRow {
  readonly at: Date;
  readonly userName: string;
  readonly what: string;
}

/** Who said what of the run, newest first. */
export async function readChanges(sql: Sql, runId: string): Promise<ChangeRow[]> {
  return sql<ChangeRow[]>`
    select at, user_name as "userName", what from run_changes where run_id = ${runId} order by at desc limit 50`;
}
