import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createRun, openStore, readBatches, sendLeftoverSpools, type Store } from "../../core/store/index.ts";
import { describeSpools } from "../../core/store/spool/leftovers.ts";
import { decodeRecords, encodeRecord } from "../../core/store/spool/record.ts";
import { listSpools, readSpool } from "../../core/store/spool/spool-files.ts";
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

/** A number that no process has. */
function replaceOwner(path: string, runId: string): void {
  const { events } = decodeRecords(readFileSync(path));
  const own = new SpoolWriter(home, runId, 0);
  own.append(batchEvent(1, 1));
  own.close();
  const ownPath = own.segments[0]!.path;
  const [open] = decodeRecords(readFileSync(ownPath)).events;
  rmSync(ownPath);
  const owner = (open!.event as { owner: string }).owner.replace(/ \d+ \d*$/, " 4194999 7");
  const records = [{ seq: 1, event: { kind: "open" as const, runId, owner } }, ...events.slice(1)].map(encodeRecord);
  writeFileSync(path, Buffer.concat([...records, Buffer.from([9, 9, 9])]));
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
  const writer = new SpoolWriter(home, randomUUID(), 0);
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
