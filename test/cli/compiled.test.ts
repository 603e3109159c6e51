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
function failing(userCache = join(copy, "absent")): string {
  const command = [join(copy, "core/cli/exp.mjs"), "run", "absent.ts", "--debug"];
  const env = { ...process.env, XDG_CACHE_HOME: userCache, TMPDIR: copy };
  return spawnSync(process.execPath, command, { cwd: tmpdir(), encoding: "utf8", env }).stderr;
}

/** Leaves length and time of the file as they were. */
function rewrite(path: string, from: string, to: string): void {
  const { atime, mtime } = statSync(path);
  writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
  utimesSync(path, atime, mtime);
}

test("stack traces name the source, and a changed source is compiled anew", () => {
  expect(failing()).toMatch(/absent\.ts: no such file\.[\s\S]*at loadExperiment \(\S*core\/experiment\/load\.ts:\d+/);
  const compiled = readdirSync(join(cache, "lockstep"));
  expect(failing()).toContain("no such file.");
  expect(readdirSync(join(cache, "lockstep"))).toEqual(compiled);

  rewrite(join(copy, "core/experiment/load.ts"), "no such file.", "not any file.");
  expect(failing()).toContain("absent.ts: not any file.");
});

test("where node_modules is not ours to write, the compiled code is kept in the user's cache, or for one process alone", () => {
  rmSync(cache, { recursive: true, force: true });
  writeFileSync(cache, "in the way");
  const userCache = join(copy, "user cache");
  const expected = /absent\.ts: (no such|not any) file\.[\s\S]*core\/experiment\/load\.ts:\d+/;
  expect(failing(userCache)).toMatch(expected);
  const [folder = ""] = readdirSync(join(userCache, "lockstep/compiled"));
  const compiled = readdirSync(join(userCache, "lockstep/compiled", folder));
  expect(failing(userCache)).toMatch(expected);
  expect(readdirSync(join(userCache, "lockstep/compiled", folder))).toEqual(compiled);

  expect(failing(cache)).toMatch(expected);
  expect(readdirSync(copy).filter((name) => name.startsWith("lockstep-compiled-"))).toEqual([]);
});
