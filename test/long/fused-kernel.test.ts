// A native library built with fused multiply-adds, in a copy of the project: its self-test refuses it, and where that is changed too,
// `exp reproduce` names the changed files and the first batch that differs. Needs the kernels' compiler. LOCKSTEP_LONG=1.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, inject, it } from "vitest";
import { makeHome } from "../cli/exp-process.ts";
import { tinyExperiment } from "../cli/tiny-experiment.ts";
import { createTestDatabase } from "../postgres.ts";

const LONG = process.env["LOCKSTEP_LONG"] === "1";
const LIBRARY = "linux-x64.node";
const copy = mkdtempSync(join(tmpdir(), "fused-kernel-"));
const portable = join(copy, "core/engine/portable");
const home = makeHome();
afterAll(async () => {
  await home.remove();
  rmSync(copy, { recursive: true, force: true });
});

/** The same sources, with a*b+c rounded once. @returns why it cannot be built here, or null */
function buildFused(): string | null {
  for (const path of ["core", "package.json", "tsconfig.json", "dashboard", "migrations"])
    cpSync(path, join(copy, path), { recursive: true });
  symlinkSync(join(process.cwd(), "node_modules"), join(copy, "node_modules"));
  const build = join(portable, "kernels/build.mjs");
  const text = readFileSync(build, "utf8")
    .replace("-ffp-contract=off", "-ffp-contract=fast")
    .replace("x86_64+avx+avx2", "x86_64+avx+avx2+fma")
    .replace(/const FORBIDDEN =\s*\/.*\/g;/, "const FORBIDDEN = /no such instruction/g;");
  writeFileSync(build, text);
  const { status, stderr } = spawnSync(process.execPath, [build], { encoding: "utf8" });
  return status === 0 ? null : stderr;
}

function exp(root: string, args: readonly string[], env: Record<string, string>) {
  return spawnSync(process.execPath, [join(root, "core/cli/exp.mjs"), ...args], {
    cwd: home.folder,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
}

it.skipIf(!LONG || process.arch !== "x64")(
  "a fused multiply-add is refused by the self-test, and named by exp reproduce where the self-test was changed with it",
  async ({ skip }) => {
    const why = buildFused();
    if (why !== null) return skip(`the kernels' compiler cannot be had: ${why}`);
    const env = { DATABASE_URL: await createTestDatabase(inject("postgresUrl")), EXP_HOME: join(home.folder, ".exp") };
    home.write("tiny.ts", tinyExperiment());
    const train = ["run", "tiny.ts", "--json", "--no-dashboard", "--kernels", "native"];
    expect(exp(process.cwd(), train, env).status).toBe(0);

    const refused = exp(copy, ["reproduce", "tiny/base/0", "--anyway", "--kernels", "native", "--json"], env);
    expect(refused.stdout).toContain("self-test gives other bits");

    changeSelfTest();
    const named = exp(copy, ["reproduce", "tiny/base/0", "--kernels", "native"], env);
    expect(named.status).toBe(1);
    expect(named.stdout).toMatch(/code +differs .*prebuilt\/linux-x64\.node changed/);
    const anyway = exp(copy, ["reproduce", "tiny/base/0", "--anyway", "--kernels", "native"], env);
    expect(anyway.status).toBe(1);
    expect(anyway.stdout).toMatch(
      /chain +differs +first differing batch: train epoch 1, batch [12]: loss .* stored .*samples/,
    );
  },
  600_000,
);

/** As somebody would who wants the library taken: the stored digest becomes the fused library's own. */
function changeSelfTest(): void {
  const kernels = pathToFileURL(join(portable, "kernels.mjs")).href;
  const library = join(portable, "prebuilt", LIBRARY);
  const script = `import { createRequire } from "node:module";
    import { openKernels } from ${JSON.stringify(kernels)};
    const path = ${JSON.stringify(library)};
    const level = createRequire(import.meta.url)(path).level();
    process.stdout.write(openKernels({ kind: "native", path, level }).selfTest());`;
  const digest = execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: copy, encoding: "utf8" });
  const file = join(portable, "prebuilt/kernels.json");
  const manifest = JSON.parse(readFileSync(file, "utf8")) as { selfTest: string };
  expect(digest).not.toBe(manifest.selfTest);
  writeFileSync(file, JSON.stringify({ ...manifest, selfTest: digest }));
}
