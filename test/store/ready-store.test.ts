// What every command begins and ends with when the database answers and takes nothing: a full disk there, say. Nothing stays open.
import { rmSync } from "node:fs";
import { afterAll, beforeEach, expect, inject, test } from "vitest";
import postgres from "postgres";
import {
  createRun,
  openReadyStore,
  openRecorder,
  openStore,
  sendReleased,
  type Store,
} from "../../core/store/index.ts";
import { listSpools } from "../../core/store/spool/spool-files.ts";
import { createTestDatabase, temporaryHome } from "../postgres.ts";
import { batchEvent, newRun } from "./sample-run.ts";

const home = temporaryHome();
let databaseUrl: string;
beforeEach(async () => {
  databaseUrl = await createTestDatabase(inject("postgresUrl"));
});
afterAll(() => rmSync(home, { recursive: true }));

/** A run whose recorder could not send, in a database that goes on refusing. */
async function leaveBehind(store: Store): Promise<void> {
  const runId = await createRun(store, newRun());
  await store.sql`alter table batches rename to batches_elsewhere`;
  const recorder = await openRecorder({ store, runId, home });
  recorder.record(batchEvent(1, 1));
  await recorder.close();
  expect(listSpools(home)).toHaveLength(1);
}

test("at the end of a command it is said what waits and why, and nothing is thrown", async () => {
  const store = await openStore({ databaseUrl });
  try {
    await leaveBehind(store);
    const notices: string[] = [];
    await sendReleased(store, home, (text) => notices.push(text));
    expect(notices[0]).toMatch(/takes nothing now: .*"batches" does not exist/);
    expect(notices[1]).toMatch(/A run waits in .*spool.*exp spool flush/);
    await store.sql`alter table batches_elsewhere rename to batches`;
    await sendReleased(store, home, (text) => notices.push(text));
    expect([listSpools(home), notices.length]).toEqual([[], 2]);
  } finally {
    await store.close();
  }
});

test("at the beginning it is an error, with no connection left open, which would keep the process from its end", async () => {
  const store = await openStore({ databaseUrl });
  await leaveBehind(store);
  await store.close();
  await expect(openReadyStore({ databaseUrl, home })).rejects.toThrow(/"batches" does not exist/);
  const sql = postgres(inject("postgresUrl"), { max: 1 });
  const name = databaseUrl.replace(/.*\//, "");
  const open = async () => (await sql`select pid from pg_stat_activity where datname = ${name}`).length;
  await expect.poll(open, { timeout: 20_000 }).toBe(0); // a server process ends a little after its connection; left open, after a minute
  await sql.end();
});
