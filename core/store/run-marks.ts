// What people say of runs: tags, note, name, aliases, archived, deleted. A run's results never change by it.
import { LockstepError } from "../errors.ts";
import type { Store } from "./connect.ts";
import { storableText } from "./events/array-literal.ts";
import { selectRuns } from "./runs.ts";
import type { RunRow } from "./schema/runs.ts";
import { noteChange } from "./users.ts";

export async function changeTags(
  store: Store,
  runId: string,
  { add, remove }: { readonly add: readonly string[]; readonly remove: readonly string[] },
): Promise<string[]> {
  const { sql } = store;
  const [row] = await sql<{ tags: string[] }[]>`select tags from runs where run_id = ${runId}`;
  const gone = new Set(remove);
  const tags = [...new Set([...(row?.tags ?? []), ...add.map((tag) => mark("tag", tag))])].filter(
    (tag) => !gone.has(tag),
  );
  await sql`update runs set tags = ${tags} where run_id = ${runId}`;
  const said = [...add.map((tag) => `tagged ${tag}`), ...remove.map((tag) => `took the tag ${tag} off`)];
  if (said.length > 0) await noteChange(store, [runId], said.join(", "));
  return tags;
}

/** @param note null takes it away */
export async function setNote(store: Store, runId: string, note: string | null): Promise<void> {
  await store.sql`update runs set note = ${note === null ? null : storableText(note)} where run_id = ${runId}`;
  await noteChange(store, [runId], note === null ? "took the note away" : "wrote the note");
}

/** @param name null takes it away */
export async function setName(store: Store, runId: string, name: string | null): Promise<void> {
  await store.sql`update runs set name = ${name === null ? null : mark("name", name)} where run_id = ${runId}`;
  await noteChange(store, [runId], name === null ? "took the name away" : `named it ${name}`);
}

/** Gives the alias to this run; another run of the experiment that had it loses it. @returns the id of that one, or null */
export async function setAlias({ sql }: Store, run: RunRow, alias: string): Promise<string | null> {
  const name = mark("alias", alias);
  const { project, experiment, runId } = run;
  return sql.begin(async (transaction) => {
    const [before] = await transaction<{ id: string }[]>`
      select run_id as id from aliases where project = ${project} and experiment = ${experiment} and alias = ${name}`;
    await transaction`
      insert into aliases (project, experiment, alias, run_id) values (${project}, ${experiment}, ${name}, ${runId})
      on conflict (project, experiment, alias) do update set run_id = excluded.run_id, set_at = now()`;
    return before === undefined || before.id === runId ? null : before.id;
  });
}

/** Of one run, in alphabetical order. */
export async function readAliases({ sql }: Store, runId: string): Promise<string[]> {
  const rows = await sql<{ alias: string }[]>`select alias from aliases where run_id = ${runId} order by alias`;
  return rows.map(({ alias }) => alias);
}

/** @returns false where the run had it not */
export async function removeAlias({ sql }: Store, runId: string, alias: string): Promise<boolean> {
  const { count } = await sql`delete from aliases where run_id = ${runId} and alias = ${storableText(alias)}`;
  return count > 0;
}

export async function setArchived(store: Store, runId: string, archived: boolean): Promise<void> {
  const { sql } = store;
  await sql`update runs set archived_at = ${archived ? sql`coalesce(archived_at, now())` : null} where run_id = ${runId}`;
  await noteChange(store, [runId], archived ? "archived" : "restored");
}

/** Takes a run out of all lists and views; `exp gc` removes it for good, until then it can be brought back. */
export async function setDeleted(store: Store, runId: string, deleted: boolean): Promise<void> {
  const { sql } = store;
  await sql`update runs set deleted_at = ${deleted ? sql`coalesce(deleted_at, now())` : null} where run_id = ${runId}`;
  await noteChange(store, [runId], deleted ? "deleted" : "brought back");
}

/** By id or a unique beginning of one. @throws LockstepError "run-not-found" where no deleted run has it */
export async function findDeletedRun({ sql }: Store, name: string): Promise<RunRow> {
  const found = /^[0-9a-f-]{4,}$/i.test(name)
    ? await selectRuns(sql, sql`run_id::text like ${`${name.toLowerCase()}%`} limit 2`, { deleted: true })
    : [];
  if (found.length === 1) return found[0]!;
  throw new LockstepError({
    code: "run-not-found",
    message:
      found.length === 0 ? `No deleted run has an id that begins with "${name}".` : `"${name}" fits more than one.`,
    next: "exp delete --list names those that can be brought back.",
  });
}

export async function listDeleted({ sql }: Store): Promise<RunRow[]> {
  return selectRuns(sql, sql`true order by deleted_at desc`, { deleted: true });
}

const LONGEST = 500;

function mark(what: string, text: string): string {
  const trimmed = storableText(text.trim());
  if (trimmed.length > 0 && trimmed.length <= LONGEST) return trimmed;
  throw new LockstepError({
    code: "usage",
    message: `The ${what} has ${trimmed.length} characters, expected 1 to ${LONGEST}.`,
    next: "Longer text goes to exp note.",
  });
}
