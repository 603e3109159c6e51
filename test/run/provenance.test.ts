// Provenance: what is kept of code, machine and command, and what never is.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readCodeState } from "../../core/run/code-digest.ts";
import { readGitState } from "../../core/run/git.ts";
import { readLocalSources } from "../../core/run/local-imports.ts";
import { gatherProvenance, withoutPassword } from "../../core/run/provenance.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "provenance-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function git(...args: string[]): string {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
  return execFileSync("git", [...identity, ...args], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

function commitAll(): void {
  git("init", "-b", "trunk");
  git("add", "-A");
  git("commit", "-m", "first");
}

it("a clean repository has a commit, a branch and an empty diff", async () => {
  writeFileSync(join(folder, "a.ts"), "export const a = 1;\n");
  commitAll();
  const state = await readGitState(folder);
  expect(state).toMatchObject({
    commit: git("rev-parse", "HEAD").trim(),
    branch: "trunk",
    diff: "",
    diffTruncated: false,
  });
});

it("the diff holds changed files and untracked experiment files, never .env files", async () => {
  writeFileSync(join(folder, "a.ts"), "export const a = 1;\n");
  writeFileSync(join(folder, ".env"), "TOKEN=old\n");
  commitAll();
  writeFileSync(join(folder, "a.ts"), "export const a = 2;\n");
  writeFileSync(join(folder, ".env"), "TOKEN=hunter2\n");
  writeFileSync(join(folder, "new-experiment.ts"), "export default 3;\n");
  writeFileSync(join(folder, "notes.txt"), "untracked note\n");
  const diff = (await readGitState(folder))?.diff ?? "";
  expect(diff).toContain("+export const a = 2;");
  expect(diff).toContain("+export default 3;");
  expect(diff).not.toContain("hunter2");
  expect(diff).not.toContain("untracked note");
});

it("a diff above the bound is cut and says so", async () => {
  writeFileSync(join(folder, "a.ts"), "");
  commitAll();
  writeFileSync(join(folder, "a.ts"), "// a long line of text\n".repeat(20_000));
  const state = await readGitState(folder);
  expect(state?.diffTruncated).toBe(true);
  expect(state?.diff.length).toBe(256 * 1024);
});

it("a folder without git has none", async () => {
  expect(await readGitState(folder)).toBeNull();
});

it("the sources are the experiment file and every local file that it imports, each once", () => {
  mkdirSync(join(folder, "lib"));
  writeFileSync(
    join(folder, "exp.ts"),
    'import { a } from "./lib/a.ts";\nimport "lockstep";\nexport * from "./lib";\n',
  );
  writeFileSync(join(folder, "lib/a.ts"), 'export { b as a } from "./b.js";\n');
  writeFileSync(join(folder, "lib/b.ts"), 'import "../exp.ts";\nexport const b = 1;\n');
  writeFileSync(join(folder, "lib/index.ts"), "export {};\n");
  const sources = readLocalSources(join(folder, "exp.ts"), "/nowhere");
  expect(sources.map((source) => source.path)).toEqual(["exp.ts", "lib/a.ts", "lib/index.ts", "lib/b.ts"]);
  expect(sources[3]?.text).toContain("export const b = 1;");
});

it("passwords in URLs are left out", () => {
  expect(withoutPassword("postgres://me:s3cret@db.example:5432/runs")).toBe("postgres://me@db.example:5432/runs");
  expect(withoutPassword("postgres://me:s3@cret@db.example/runs")).toBe("postgres://me@db.example/runs");
  expect(withoutPassword("postgres://db.example/runs?user=me&password=s3cret")).toBe(
    "postgres://db.example/runs?user=me&password=",
  );
});

it("names of variables are kept, values are not", async () => {
  process.env["EXP_TEST_TOKEN"] = "value-that-must-not-be-kept";
  try {
    writeFileSync(join(folder, "exp.ts"), "export default {};\n");
    const provenance = await gatherProvenance(join(folder, "exp.ts"));
    expect(provenance.environment).toContain("EXP_TEST_TOKEN");
    expect(JSON.stringify(provenance)).not.toContain("value-that-must-not-be-kept");
    expect(provenance.versions.packages["sharp"]).toMatch(/^\d+\.\d+\.\d+/);
  } finally {
    delete process.env["EXP_TEST_TOKEN"];
  }
});

it("the code's digest covers kernels, data, model and training, not the command line", () => {
  const { files, digest } = readCodeState();
  const paths = Object.keys(files);
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(paths).toContain("core/random.ts");
  expect(paths).toContain("core/engine/portable/prebuilt/kernels.wasm");
  expect(paths.some((path) => path.startsWith("core/cli"))).toBe(false);
});
