// Our own code runs compiled, and always as it stands on disk: in a copy of this package whose sources may be changed.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "exp-compiled-"));
const cache = join(copy, "node_modules/.cache");

beforeAll(() => {
  for (const name of ["core", "dashboard", "migrations", "tsconfig.json", "package.json"])
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  mkdirSync(join(copy, "node_modules"));
  for (const name of readdirSync(join(ROOT, "node_modules")).filter((name) => !name.startsWith(".")))
    symlinkSync(join(ROOT, "node_modules", name), join(copy, "node_modules", name));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** Standard error of a command that fails in core/experiment/load.ts, from a folder elsewhere. */
function failing(): string {
  const command = [join(copy, "core/cli/exp.mjs"), "run", "absent.ts", "--debug"];
  return spawnSync(process.execPath, command, { cwd: tmpdir(), encoding: "utf8" }).stderr;
}

/** Leaves length and time of the file as they were. */
function rewrite(path: string, from: string, to: string): void {
  const { atime, mtime } = statSync(path);
  writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
  utimesSync(path, atime, mtime);
}

test("stack traces name the source, a changed source is compiled anew, and without a cache it runs all the same", () => {
  expect(failing()).toMatch(/absent\.ts: no such file\.[\s\S]*at loadExperiment \(\S*core\/experiment\/load\.ts:\d+/);
  const compiled = readdirSync(join(cache, "lockstep"));
  expect(failing()).toContain("no such file.");
  expect(readdirSync(join(cache, "lockstep"))).toEqual(compiled);

  rewrite(join(copy, "core/experiment/load.ts"), "no such file.", "not any file.");
  expect(failing()).toContain("absent.ts: not any file.");

  rmSync(cache, { recursive: true });
  writeFileSync(cache, "in the way");
  expect(failing()).toMatch(/absent\.ts: not any file\.[\s\S]*core\/experiment\/load\.ts:\d+/);
});
