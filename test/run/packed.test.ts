// Lockstep as users have it: packed as for the registry and unpacked into node_modules, where Node reads no TypeScript. A plain script
// logs a run with `import … from "lockstep"`, and `exp show` finds it.
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { otherNode, type NodeMajor } from "../other-node.ts";
import { createTestDatabase } from "../postgres.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Nobody's. */
const UID = 65534;

const folder = mkdtempSync(join(tmpdir(), "lockstep-packed-"));
const modules = join(folder, "node_modules");
let url = "";

beforeAll(async () => {
  url = await createTestDatabase(inject("postgresUrl"));
  chmodSync(folder, 0o755);
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], {
    cwd: ROOT,
    encoding: "utf8",
  });
  mkdirSync(modules);
  execFileSync("tar", ["-xzf", join(folder, packed.trim().split("\n").at(-1) ?? ""), "-C", folder]);
  execFileSync("mv", [join(folder, "package"), join(modules, "lockstep")]);
  for (const name of readdirSync(join(ROOT, "node_modules")).filter((name) => !name.startsWith(".")))
    symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  writeFileSync(
    join(folder, "my-training.mjs"),
    `import { startRun } from "lockstep";
const run = await startRun({ experiment: "mine", config: { lr: 0.1 }, system: false });
for (let step = 1; step <= 10; step++) run.log({ loss: 1 / step }, { step });
const { stored } = await run.finish();
console.log(JSON.stringify({ run: run.runId, stored }));
`,
  );
}, 180_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface How {
  readonly node: readonly string[];
  readonly uid?: number;
  /** Where the user may write. */
  readonly home: string;
}

function run(script: string, args: readonly string[], { node: [program = "", ...flags], uid, home }: How): unknown {
  const env = { ...process.env, DATABASE_URL: url, EXP_HOME: join(home, ".exp"), HOME: home, XDG_CACHE_HOME: "" };
  const command = [...flags, join(folder, script), ...args];
  const { stdout, stderr, status } = spawnSync(program, command, { cwd: folder, env, uid, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
}

function logsAndShows(how: How): void {
  const logged = run("my-training.mjs", [], how) as { run: string; stored: boolean };
  expect(logged.stored).toBe(true);
  const shown = run("node_modules/lockstep/core/cli/exp.mjs", ["show", logged.run, "--json"], how);
  expect(shown).toMatchObject({ run: logged.run, experiment: "mine", status: "done" });
}

test.for<NodeMajor>([20, 22, 24])(
  "a plain script logs a run, with Node %i",
  { timeout: 180_000 },
  async (major, { skip }) => {
    const other = await otherNode(major);
    if (typeof other === "string") return skip(other);
    logsAndShows({ node: other.command, home: folder });
  },
);

test("a plain script logs a run where node_modules may not be written", ({ skip }) => {
  if (process.getuid?.() !== 0) return skip("needs root, to run as somebody else");
  rmSync(join(modules, "lockstep/node_modules"), { recursive: true, force: true });
  const home = mkdtempSync(join(tmpdir(), "lockstep-nobody-"));
  execFileSync("chown", [String(UID), home]);
  try {
    const how = { node: [process.execPath], uid: UID, home };
    logsAndShows(how);
    expect(readdirSync(join(home, ".cache/lockstep/compiled"))).toHaveLength(1);
    expect(readdirSync(join(modules, "lockstep"))).not.toContain("node_modules");
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});

test("a program may import all that an experiment file may", async () => {
  const names = async (path: string) => Object.keys((await import(path)) as object).sort();
  expect(await names("../../core/index.mjs")).toEqual(await names("../../core/index.ts"));
});

test("TypeScript sees the types, without a word about our sources", () => {
  writeFileSync(
    join(folder, "typed.mts"),
    `import { defineExperiment, startRun, type TrackedRun } from "lockstep";
const run: TrackedRun = await startRun({ experiment: "mine" });
const wrong: number = run.runId;
export default [wrong, defineExperiment];
`,
  );
  const options = "--module nodenext --target es2022 --strict --noEmit --skipLibCheck".split(" ");
  const { stdout } = spawnSync(
    process.execPath,
    [join(ROOT, "node_modules/typescript/bin/tsc"), ...options, "typed.mts"],
    {
      cwd: folder,
      encoding: "utf8",
    },
  );
  expect(stdout.trim()).toBe("typed.mts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.");
});
