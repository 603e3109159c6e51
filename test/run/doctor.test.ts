// exp doctor: what it finds in order, and what it says where something is missing.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, inject, it } from "vitest";
import { examine } from "../../core/run/doctor.ts";
import { createTestDatabase } from "../postgres.ts";

const folder = mkdtempSync(join(tmpdir(), "doctor-"));
const before = process.env["DATABASE_URL"];
afterAll(() => {
  if (before === undefined) delete process.env["DATABASE_URL"];
  else process.env["DATABASE_URL"] = before;
  rmSync(folder, { recursive: true, force: true });
});

it("finds nothing wrong where all is there", async () => {
  process.env["DATABASE_URL"] = await createTestDatabase(inject("postgresUrl"));
  const findings = await examine(join(folder, "home"));
  expect(findings.map(({ what }) => what)).toEqual([
    ...[
      "node",
      "machine",
      "home",
      "engine portable",
      "engine tensorflow",
      "database",
      "clock",
      "queries",
      "artifacts",
      "spool",
    ],
  ]);
  expect(findings.filter(({ state }) => state === "problem")).toEqual([]);
});

it("names a database that does not answer and a home that is a file, each with what to do", async () => {
  process.env["DATABASE_URL"] = "postgres://nobody@127.0.0.1:9/none";
  const home = join(folder, "file");
  writeFileSync(home, "not a folder");
  const problems = (await examine(home)).filter(({ state }) => state === "problem");
  expect(problems.map(({ what }) => what)).toEqual(["home", "database"]);
  for (const { next } of problems) expect(next).not.toBeNull();
});
