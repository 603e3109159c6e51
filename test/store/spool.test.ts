import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { stream } from "../../core/random.ts";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createRun, openStore, readBatches, sendLeftoverSpools, type Store } from "../../core/store/index.ts";
import { describeSpools } from "../../core/store/spool/leftovers.ts";
import { decodeRecords, encodeRecord } from "../../core/store/spool/record.ts";
import { listDamaged, listSpools, readSpool } from "../../core/store/spool/spool-files.ts";
import { SpoolWriter } from "../../core/store/spool/spool-writer.ts";
import { createTestDatabase, temporaryHome } from "../postgres.ts";
import { batchEvent, newRun } from "./sample-run.ts";

let store: Store;
const home = temporaryHome();
const DEAD = "elsewhere 1 1"; // replaced by a dead process of this machine below

beforeAll(async () => {
  store = await openStore({ databaseUrl: await createTestDatabase(inject("postgresUrl")) });
});
afterAll(async () => {
  await store.close();
  rmSync(home, { recursive: true });
});

function writerOf(runId: string, folder = home): SpoolWriter {
  return new SpoolWriter({ home: folder, runId, database: store.name, afterSeq: 0 });
}

/** A spool of a process that is gone, with so many batches. */
function deadSpool(runId: string, batches: number): { path: string; ends: number[] } {
  mkdirSync(join(home, "spool"), { recursive: true });
  const path = join(home, "spool", `${"1".padStart(16, "0")}-${runId}.spool`);
  const open = encodeRecord({ seq: 1, event: { kind: "open", runId, owner: DEAD } });
  const records = Array.from({ length: batches }, (_, i) => encodeRecord({ seq: i + 2, event: batchEvent(1, i + 1) }));
  let end = 0;
  const ends = [open, ...records].map((record) => (end += record.length));
  writeFileSync(path, Buffer.concat([open, ...records]));
  return { path, ends };
}

test("a spool cut at any byte gives every whole record before the cut and names the rest", () => {
  const { path, ends } = deadSpool(randomUUID(), 3);
  const bytes = readFileSync(path);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const { events, consumed, rest } = decodeRecords(bytes.subarray(0, cut));
    expect(events).toHaveLength(ends.filter((end) => end <= cut).length);
    expect(rest).toBe(consumed === cut ? null : "cut");
  }
  rmSync(path);
});

test("a changed byte anywhere is noticed and nothing after it is believed", () => {
  const { path, ends } = deadSpool(randomUUID(), 2);
  const bytes = readFileSync(path);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 0x10;
    const { events, rest } = decodeRecords(changed);
    expect(rest).not.toBeNull();
    expect(events).toHaveLength(ends.filter((end) => end <= at).length);
  }
  rmSync(path);
});

test("what a dead process left is sent once, and a record cut short is told", async () => {
  const runId = await createRun(store, newRun());
  const { path, ends } = deadSpool(runId, 5);
  truncateSync(path, ends[5]! - 1);
  expect((await describeSpools(home))[0]!.writerLives).toBe(null); // on another machine: not ours to send
  expect((await sendLeftoverSpools(store, home)).files).toBe(0);
  replaceOwner(path, runId);
  const result = await sendLeftoverSpools(store, home);
  expect(result).toMatchObject({ files: 1, events: 4 });
  expect(result.notices[0]).toContain("ended in the middle of a record");
  expect(await readBatches(store, runId)).toHaveLength(4);
  expect(existsSync(path)).toBe(false);
});

/** A number that no process has. @returns where the records end */
function replaceOwner(path: string, runId: string): number[] {
  const { events } = decodeRecords(readFileSync(path));
  const own = writerOf(runId);
  own.append(batchEvent(1, 1));
  own.close();
  const ownPath = own.segments[0]!.path;
  const [open] = decodeRecords(readFileSync(ownPath)).events;
  rmSync(ownPath);
  const owner = (open!.event as { owner: string }).owner.replace(/ \d+ \d*$/, " 4194999 7");
  const records = [{ seq: 1, event: { kind: "open" as const, runId, owner } }, ...events.slice(1)].map(encodeRecord);
  writeFileSync(path, Buffer.concat([...records, Buffer.from([9, 9, 9])]));
  let end = 0;
  return records.map((record) => (end += record.length));
}

test("a damaged spool is sent up to the damage and kept beside", async () => {
  const runId = await createRun(store, newRun());
  const { path } = deadSpool(runId, 5);
  replaceOwner(path, runId);
  const bytes = readFileSync(path);
  bytes[bytes.length - 60]! ^= 1;
  writeFileSync(path, bytes);
  const { notices } = await sendLeftoverSpools(store, home);
  expect(notices[0]).toContain("is damaged");
  expect(await readBatches(store, runId)).toHaveLength(4);
  expect(readdirSync(join(home, "spool"))).toEqual([expect.stringMatching(/\.damaged$/)]);
  rmSync(`${path}.damaged`);
});

test("the spool of a run that was removed meanwhile is dropped with a line", async () => {
  const runId = randomUUID();
  const { path } = deadSpool(runId, 2);
  replaceOwner(path, runId);
  const { notices } = await sendLeftoverSpools(store, home);
  expect(notices[0]).toContain("is not in the database any more");
  expect(listSpools(home)).toEqual([]);
});

test("a record longer than one read is read whole", async () => {
  const writer = writerOf(randomUUID());
  const text = "x".repeat(3 * 1024 * 1024);
  writer.append({ kind: "log", level: "info", text });
  writer.close();
  const { path } = writer.segments[0]!;
  const first = await readSpool(path, 0);
  const second = await readSpool(path, first.consumed);
  expect([first.events.length, second.events.length]).toEqual([1, 1]);
  expect((second.events[0]!.event as { text: string }).text).toBe(text);
  rmSync(path);
});

/** Every byte in the long tests, else some at random and those around the ends of records. */
function chosenBytes(bytes: number, ends: readonly number[]): number[] {
  const all = Array.from({ length: bytes }, (_, at) => at);
  if (process.env["LOCKSTEP_LONG"] === "1") return all;
  const random = stream(0, "cut points of the spool");
  const drawn = new Set(Array.from({ length: 10 }, () => random.integer(bytes)));
  return all.filter((at) => drawn.has(at) || ends.some((end) => at === end || at === end - 1));
}

async function sentFrom(path: string, bytes: Uint8Array, runId: string): Promise<{ rows: number[]; notices: string }> {
  writeFileSync(path, bytes);
  const { notices } = await sendLeftoverSpools(store, home);
  const rows = (await readBatches(store, runId)).map(({ batch }) => batch);
  await store.sql`delete from batches where run_id = ${runId}`;
  expect(existsSync(path)).toBe(false);
  return { rows, notices: notices.join("\n") };
}

test("cut at any byte, a spool is stored up to the cut, and the rest is named", async () => {
  const runId = await createRun(store, newRun());
  const { path } = deadSpool(runId, 3);
  const ends = replaceOwner(path, runId);
  const bytes = readFileSync(path).subarray(0, ends.at(-1));
  for (const cut of chosenBytes(bytes.length, ends)) {
    const { rows, notices } = await sentFrom(path, bytes.subarray(0, cut), runId);
    const whole = ends.filter((end) => end <= cut);
    expect([cut, rows]).toEqual([cut, [1, 2, 3].slice(0, Math.max(0, whole.length - 1))]);
    const left = cut - (whole.at(-1) ?? 0);
    expect(notices).toContain(left === 0 ? "" : `its last ${left} bytes were not recorded`);
    expect(notices === "").toBe(left === 0);
  }
});

test("with any byte changed, a spool is stored up to the change, and the rest is kept and named", async () => {
  const runId = await createRun(store, newRun());
  const { path } = deadSpool(runId, 3);
  const ends = replaceOwner(path, runId);
  const bytes = readFileSync(path).subarray(0, ends.at(-1));
  for (const at of chosenBytes(bytes.length, ends)) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1 << (at % 8);
    const { rows, notices } = await sentFrom(path, changed, runId);
    const whole = ends.filter((end) => end <= at);
    expect([at, rows]).toEqual([at, [1, 2, 3].slice(0, Math.max(0, whole.length - 1))]);
    expect(notices).toContain(`the other ${bytes.length - (whole.at(-1) ?? 0)} bytes are kept in ${path}.damaged`);
    expect(listDamaged(home)).toEqual([`${path}.damaged`]);
    rmSync(`${path}.damaged`);
  }
});

test("without room for its first record a segment is not there, and the next event begins it anew", () => {
  const writer = writerOf(randomUUID(), join(home, "full"));
  const program = `
    import { SpoolWriter } from ${JSON.stringify(fileURLToPath(new URL("../../core/store/spool/spool-writer.ts", import.meta.url)))};
    const writer = new SpoolWriter({ home: process.argv[1], runId: "${randomUUID()}", database: "embedded", afterSeq: 0 });
    const text = "x".repeat(300);
    let kept = 0;
    try { for (;;) { writer.append({ kind: "log", level: "info", text }); kept++; } }
    catch (error) { console.log(JSON.stringify({ kept, code: error.code, message: error.message, files: writer.segments.length })); }`;
  const run = (limit: number) =>
    JSON.parse(
      execFileSync(
        "bash",
        [
          "-c",
          `ulimit -f ${limit}; exec "$@"`,
          "bash",
          process.execPath,
          "--import",
          "tsx",
          "--input-type=module",
          "-e",
          program,
          join(home, "full"),
        ],
        { encoding: "utf8" },
      ),
    ) as { kept: number; code: string; message: string; files: number };
  expect(run(0)).toMatchObject({ kept: 0, code: "storage", files: 0 });
  const some = run(2);
  expect(some).toMatchObject({ code: "storage", files: 1 });
  expect(some.message).toContain("cannot be written to");
  const [left] = listSpools(join(home, "full"));
  const { events, rest } = decodeRecords(readFileSync(left!.path));
  expect([events.length, rest]).toEqual([some.kept + 1, null]);
  writer.append(batchEvent(1, 1));
  writer.close();
  rmSync(join(home, "full"), { recursive: true });
});
