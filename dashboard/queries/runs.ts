// Reads of whole runs: lists by filter, one by its name, several by short ids.
import type { RunKind } from "../../core/store/kind-text.ts";
import { parseSeed } from "../../core/store/seed-text.ts";
import { LockstepError } from "../../core/errors.ts";
import type { RunRow } from "../../core/store/index.ts";
import type { Filter } from "../filter/parse.ts";
import type { Fragment, Sql } from "../sql.ts";
import type { Column } from "./columns.ts";
import { filterSql } from "./filter-sql.ts";

/** A run in a list: who it is, and the asked columns' values by their keys. */
export interface ListedRun extends RunKind {
  readonly id: string;
  readonly status: string;
  readonly simulated: boolean;
  readonly randomWeights: boolean;
  readonly values: Readonly<Record<string, unknown>>;
}

export interface RunList {
  readonly filter: Filter | null;
  readonly columns: readonly Column[];
  readonly sort: { readonly column: Column; readonly descending: boolean };
  readonly archived: boolean;
  readonly limit: number;
  readonly offset: number;
}

export async function listRuns(sql: Sql, list: RunList): Promise<{ runs: ListedRun[]; total: number }> {
  const { columns, sort, limit, offset } = list;
  const where = conditions(sql, list);
  const values = columns
    .map((column) => column.expression(sql))
    .reduce<Fragment>((all, one) => sql`${all}, ${one}`, sql`null`);
  const direction = sort.descending ? sql`desc nulls last` : sql`asc nulls last`;
  const [rows, [totals]] = await Promise.all([
    sql`
      select r.run_id, r.status, r.kind, ${importedFrom(sql)}, r.simulated, r.init, ${values}
      from runs r left join datasets d using (dataset_digest)
      where ${where}
      order by ${sort.column.expression(sql)} ${direction}, r.created_at desc, r.run_id
      limit ${limit} offset ${offset}`.values(),
    sql<{ total: number }[]>`
      select count(*)::int as total from runs r left join datasets d using (dataset_digest) where ${where}`,
  ]);
  const runs = rows.map(([id, status, kind, tool, simulated, init, , ...cells]): ListedRun => ({
    id: id as string,
    status: status as string,
    kind: kind as string,
    importedFrom: tool as string | null,
    simulated: simulated as boolean,
    randomWeights: init === "random",
    values: Object.fromEntries(columns.map((column, i) => [column.key, cells[i]])),
  }));
  return { runs, total: totals?.total ?? 0 };
}

const importedFrom = (sql: Sql): Fragment => sql`r.provenance #>> '{imported,tool}'`;

/** Runs that the views show: not deleted, archived ones only when asked for. */
export function conditions(sql: Sql, { filter, archived }: { filter: Filter | null; archived: boolean }): Fragment {
  return sql`r.deleted_at is null ${archived ? sql`` : sql`and r.archived_at is null`} and ${filterSql(sql, filter)}`;
}

/** Everything of one run that is in its row. */
export interface RunDetail extends RunKind {
  readonly runId: string;
  readonly project: string;
  readonly experiment: string;
  readonly variant: string;
  readonly seed: number;
  readonly fold: number | null;
  readonly status: string;
  readonly settingsHash: string;
  readonly datasetDigest: string | null;
  readonly datasetName: string | null;
  readonly splitDigest: string | null;
  readonly classes: readonly string[] | null;
  readonly positiveClass: string | null;
  readonly simulated: boolean;
  readonly smoke: boolean;
  readonly init: string | null;
  readonly parentRunId: string | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly heartbeatAt: Date | null;
  readonly stopRequestedAt: Date | null;
  readonly archivedAt: Date | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly tags: readonly string[];
  readonly note: string | null;
  readonly engine: string | null;
  readonly engineVersion: string | null;
  readonly device: string | null;
  readonly kernels: string | null;
  readonly threads: number | null;
  readonly config: Readonly<Record<string, unknown>> | null;
  readonly batchSize: number | null;
  readonly epochs: number | null;
  readonly parametersTotal: number | null;
  readonly parametersTrainable: number | null;
  readonly trainSamples: number | null;
  readonly valSamples: number | null;
  readonly testSamples: number | null;
  readonly digest: string | null;
  readonly bestEpoch: number | null;
  readonly valLoss: number | null;
  readonly testLoss: number | null;
  readonly testAccuracy: number | null;
  readonly testPrecision: number | null;
  readonly testRecall: number | null;
  readonly testF1: number | null;
  readonly testAuc: number | null;
  readonly codeDigest: string | null;
  readonly gitCommit: string | null;
  readonly gitBranch: string | null;
  readonly gitDiff: string | null;
  readonly lockfileDigest: string | null;
  readonly nodeVersion: string | null;
  readonly packageVersion: string | null;
  readonly os: string | null;
  readonly cpu: string | null;
  readonly host: string | null;
  /** Who began it. */
  readonly userName: string | null;
  readonly commandLine: string | null;
  readonly experimentText: string | null;
  readonly provenance: Readonly<Record<string, unknown>> | null;
  readonly badImages: RunRow["badImages"];
}

/** @param name an id, a unique prefix of one, or experiment/variant/seed (the latest) @throws LockstepError "run-not-found" */
export async function findRun(sql: Sql, name: string): Promise<RunDetail> {
  const where = whereNamed(sql, name);
  const rows =
    where === null
      ? []
      : await details(sql, sql`where ${where} order by r.created_at desc limit 2`, [...SHORT, ...LONG]);
  const [run, other] = rows;
  if (run === undefined) throw notFound(`no run is named "${name}"`);
  if (other !== undefined && !name.includes("/"))
    throw notFound(`more than one run has an id that begins with "${name}"`);
  return run;
}

function notFound(message: string): LockstepError {
  return new LockstepError({ code: "run-not-found", message, next: "See the runs page for their ids." });
}

function whereNamed(sql: Sql, name: string): Fragment | null {
  const triple = /^(.+)\/([^/]+)\/([^/]+)$/.exec(name);
  const position = parseSeed(triple?.[3] ?? "");
  if (triple !== null && position !== null)
    return sql`r.experiment = ${triple[1] as string} and r.variant = ${triple[2] as string} and r.seed = ${position.seed}
      ${position.fold === null ? sql`` : sql`and r.fold = ${position.fold}`} and r.deleted_at is null`;
  const range = idRange(name);
  return range === null ? null : sql`r.run_id between ${range.low} and ${range.high}`;
}

/** At most `limit` runs by short ids, in the order given; unknown ones are left out. */
export async function findRuns(sql: Sql, ids: readonly string[], limit = 500): Promise<RunDetail[]> {
  const ranges = ids.slice(0, limit).flatMap((id, position) => {
    const range = idRange(id);
    return range === null ? [] : [{ ...range, position }];
  });
  if (ranges.length === 0) return [];
  return details(
    sql,
    sql`join unnest(${ranges.map(({ low }) => low)}::uuid[], ${ranges.map(({ high }) => high)}::uuid[],
        ${ranges.map(({ position }) => position)}::int[]) as wanted(low, high, position)
      on r.run_id between wanted.low and wanted.high
      order by wanted.position, r.run_id limit ${limit}`,
  );
}

/** At most `limit` runs that pass a filter, by experiment, variant and seed. */
export async function filterRuns(sql: Sql, filter: Filter | null, limit = 500): Promise<RunDetail[]> {
  return details(
    sql,
    sql`where ${conditions(sql, { filter, archived: false })} order by r.experiment, r.variant, r.seed, r.fold, r.created_at limit ${limit}`,
  );
}

/** The smallest and largest id that begin with these digits; null when they are no hex digits. */
function idRange(prefix: string): { low: string; high: string } | null {
  const digits = prefix.toLowerCase().replaceAll("-", "");
  if (!/^[0-9a-f]{4,32}$/.test(digits)) return null;
  return { low: asUuid(digits.padEnd(32, "0")), high: asUuid(digits.padEnd(32, "f")) };
}

function asUuid(digits: string): string {
  return [8, 12, 16, 20, 32].map((end, i, ends) => digits.slice(i === 0 ? 0 : ends[i - 1], end)).join("-");
}

/** What may be long stays out of lists. */
const LONG = ["git_diff", "experiment_text", "provenance", "bad_images"];
const SHORT = [
  ...[
    "run_id",
    "project",
    "experiment",
    "variant",
    "seed",
    "fold",
    "kind",
    "status",
    "settings_hash",
    "dataset_digest",
  ],
  ...["split_digest", "classes", "positive_class", "simulated", "smoke", "init", "parent_run_id", "created_at"],
  ...["started_at", "ended_at", "heartbeat_at", "stop_requested_at", "archived_at", "error_code", "error_message"],
  ...["tags", "note", "engine", "engine_version", "device", "kernels", "threads", "config", "batch_size", "epochs"],
  ...["parameters_total", "parameters_trainable", "train_samples", "val_samples", "test_samples", "digest"],
  ...["best_epoch", "val_loss", "test_loss", "test_accuracy", "test_precision", "test_recall", "test_f1", "test_auc"],
  ...["code_digest", "git_commit", "git_branch", "lockfile_digest", "node_version", "package_version", "os", "cpu"],
  ...["host", "user_name", "command_line"],
];

async function details(sql: Sql, rest: Fragment, columns: readonly string[] = SHORT): Promise<RunDetail[]> {
  const rows = await sql`
    select ${sql(columns.map((column) => `r.${column}`))}, d.name as dataset_name,
      ${importedFrom(sql)} as imported_from
    from runs r left join datasets d on d.dataset_digest = r.dataset_digest ${rest}`;
  return rows.map((row) => camelKeys(row) as unknown as RunDetail);
}

/** Keys of a row as TypeScript has them. */
export function camelKeys(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([key, value]) => [camel(key), value]));
}

/** test_accuracy → testAccuracy */
export function camel(key: string): string {
  return key.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
