// What the dashboard may write: tags, note, archive, and the request to stop.
import { LockstepError } from "../../core/errors.ts";
import { noteChange } from "../../core/store/users.ts";
import type { Sql } from "../sql.ts";
import { viewer } from "../viewer.ts";
import type { RunDetail } from "./runs.ts";

export async function changeTags(
  sql: Sql,
  runIds: readonly string[],
  { tag, add }: { tag: string; add: boolean },
): Promise<void> {
  const without = sql`array_remove(tags, ${tag})`;
  await sql`update runs set tags = ${add ? sql`${without} || ${[tag]}::text[]` : without}
    where run_id = any(${runIds as string[]}::uuid[])`;
  await noteChange({ sql }, runIds, add ? `tagged ${tag}` : `took the tag ${tag} off`, viewer().name);
}

export async function setArchived(sql: Sql, runIds: readonly string[], archived: boolean): Promise<void> {
  await sql`update runs set archived_at = ${archived ? sql`now()` : null} where run_id = any(${runIds as string[]}::uuid[])`;
  await noteChange({ sql }, runIds, archived ? "archived" : "restored", viewer().name);
}

export async function setNote(sql: Sql, runId: string, note: string): Promise<void> {
  await sql`update runs set note = ${note === "" ? null : note} where run_id = ${runId}`;
  await noteChange({ sql }, [runId], note === "" ? "took the note away" : "wrote the note", viewer().name);
}

/** The process that runs it sees the request within seconds and ends the run cleanly. @throws LockstepError "run-state" */
export async function requestStop(sql: Sql, run: RunDetail): Promise<void> {
  const rows = await sql`
    update runs set stop_requested_at = coalesce(stop_requested_at, now())
    where run_id = ${run.runId} and status in ('queued', 'running') returning run_id`;
  if (rows.length === 0)
    throw new LockstepError({
      code: "run-state",
      message: `run ${run.runId} is ${run.status}, not running`,
      next: "Only a run that is going on can be stopped.",
    });
  await noteChange({ sql }, [run.runId], "asked it to stop", viewer().name);
}
