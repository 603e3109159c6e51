// The row of a run and of the project and experiment that it belongs to. Inserting a run that is there changes nothing.
import { getTableColumns } from "drizzle-orm";
import type { JSONValue, Sql, TransactionSql } from "postgres";
import { LockstepError } from "../errors.ts";
import { storableJson, storableText } from "./events/array-literal.ts";
import type { NewRun } from "./new-run.ts";
import { runs } from "./schema/runs.ts";
import { ownUser } from "./users.ts";

const columns = Object.entries(getTableColumns(runs)).map(([key, column]) => ({
  key: key as keyof NewRun,
  name: column.name,
  json: column.getSQLType() === "jsonb",
}));

/** @returns whether the row is new */
export async function insertRun(sql: Sql | TransactionSql, run: NewRun): Promise<boolean> {
  checkNames(run);
  const project = storableText(run.project);
  const experiment = storableText(run.experiment);
  const question = run.question ? storableText(run.question) : null;
  await sql`insert into projects (project) values (${project}) on conflict do nothing`;
  await sql`
    insert into experiments (project, experiment, question, file) values (${project}, ${experiment}, ${question}, ${run.file ?? null})
    on conflict (project, experiment) do update set
      question = coalesce(excluded.question, experiments.question), file = coalesce(excluded.file, experiments.file)
    where (coalesce(excluded.question, experiments.question), coalesce(excluded.file, experiments.file))
      is distinct from (experiments.question, experiments.file)`;
  const row = runColumns(sql, { userName: run.kind === "imported" ? null : ownUser(), ...run });
  const { count } = await sql`insert into runs ${sql(row)} on conflict (run_id) do nothing`;
  return count === 1;
}

const LONGEST_NAME = 500;

/** Names are keys, and Postgres' indexes hold no longer ones. @throws LockstepError "usage" */
export function checkNames(names: Pick<NewRun, "project" | "experiment" | "variant">): void {
  for (const key of ["project", "experiment", "variant"] as const) {
    const { length } = names[key];
    if (length > 0 && length <= LONGEST_NAME) continue;
    throw new LockstepError({
      code: "usage",
      message: `The name of the ${key} has ${length} characters, expected 1 to ${LONGEST_NAME}.`,
      next: `Give the ${key} a short name.`,
    });
  }
}

/** Fields of a run by their column names, fit for postgres.js; undefined ones are left out. */
export function runColumns(sql: Sql | TransactionSql, run: Partial<NewRun>): Record<string, never> {
  const given = columns.filter(({ key }) => run[key] !== undefined);
  const entries = given.map(({ key, name, json }) => [
    name,
    json ? sql.json(storableJson(run[key]) as JSONValue) : storable(run[key]),
  ]);
  return Object.fromEntries(entries) as Record<string, never>;
}

function storable(value: unknown): unknown {
  if (typeof value === "string") return storableText(value);
  return Array.isArray(value) ? value.map(storable) : value;
}
