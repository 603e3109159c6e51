// How an experiment file becomes a module: what it imports, where its errors are, and that a hook's text, which is hashed, does not change.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import { importExperiment } from "../../core/compiled/import-experiment.mjs";

const folder = mkdtempSync(join(tmpdir(), "import-experiment-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const lockstep = pathToFileURL(write("lockstep.mjs", "export const defineExperiment = (given) => given;\n")).href;

/** The default export. */
async function imported(file: string): Promise<Record<string, (given: unknown) => unknown>> {
  return (await importExperiment(file, lockstep))["default"] as Record<string, (given: unknown) => unknown>;
}

test("local modules are found as TypeScript finds them, packages from where the file stands, each module once", async () => {
  write("package.json", '{ "type": "commonjs" }');
  write("node_modules/own/package.json", '{ "name": "own", "version": "1.0.0", "exports": { "import": "./own.mjs" } }');
  write("node_modules/own/own.mjs", "export const own = 7;\n");
  write(
    "lib/index.ts",
    'import { first } from "../experiment.ts";\nexport { count } from "./count.js";\nexport const later = () => first;\n',
  );
  write(
    "lib/count.ts",
    "globalThis.counted = (globalThis.counted ?? 0) + 1;\nexport const count: number = globalThis.counted;\n",
  );
  write("old.cjs", "exports.old = 3;\n");
  write("table.json", '{ "rows": [1, 2] }');
  write("late.ts", "export const late: string = import.meta.url;\n");
  const file = write(
    "experiment.ts",
    `import { basename } from "node:path";
import { defineExperiment, type Experiment } from "lockstep";
import { own } from "own";
import { old } from "./old.cjs";
import { count, later } from "./lib";
import * as again from "./lib/count.ts";
import table from "./table.json" with { type: "json" };
export const first = "first";
export default defineExperiment({
  values: () => [own, old, later(), again.count - count, table.rows, basename(import.meta.filename)],
  late: async () => (await import("./late.ts")).late,
} as Experiment);
`,
  );
  const { values, late } = await imported(file);
  expect(values?.(null)).toEqual([7, 3, "first", 0, [1, 2], "experiment.ts"]);
  expect(await late?.(null)).toBe(pathToFileURL(join(folder, "late.ts")).href);
});

test("a file that has changed is read anew", async () => {
  const read = async (text: string) =>
    (await imported(write("changed.ts", `export default { is: () => ${text} };`))).is?.(null);
  expect([await read("1"), await read("2")]).toEqual([1, 2]);
});

test("what cannot be read or found is told with file, line and column", async () => {
  write("wrong.ts", "export const a = 1;\nexport const b = ;\n");
  await expect(imported(write("a.ts", 'import "./wrong.ts";\n'))).rejects.toThrow(/wrong\.ts:2:18: Unexpected ";"/);
  const missing = write("b.ts", '\nimport { x } from "not-installed";\nexport default x;\n');
  await expect(imported(missing)).rejects.toThrow(/b\.ts:2:19: Could not resolve "not-installed"/);
});

test("a hook's text, part of the settings hash, is what it was when tsx read the file", async () => {
  const file = write(
    "hook.ts",
    `import { named } from "./lib/named.ts";
const factor: number = 3;
export default {
  // of the hook
  async onEpochEnd(ctx: { epoch: number; log(name: string, value: number): void }) {
    const times = (a: number): number => a * factor;
    function inner<T>(value: T) {
      return value as T;
    }
    ctx.log("own", times(named(ctx)) + inner(1)); // said twice
    return \`\${ctx?.epoch ?? 0} of \${import.meta.url.length > 0}\`;
  },
};
`,
  );
  write("lib/named.ts", "const factor = 10;\nexport const named = (ctx: { epoch: number }) => factor * ctx.epoch;\n");
  expect(hookTextIn(file)).toBe(
    'async onEpochEnd(ctx){const times=__name(a=>a*factor,"times");function inner(value){return value}__name(inner,"inner");' +
      'ctx.log("own",times(named(ctx))+inner(1));return`${ctx?.epoch??0} of ${importMeta.url.length>0}`}',
  );
});

/** In a process of its own: vitest changes the text of what it imports. */
function hookTextIn(file: string): string {
  const from = new URL("../../core/compiled/import-experiment.mjs", import.meta.url).href;
  const print = `const { importExperiment } = await import(${JSON.stringify(from)});
const { default: experiment } = await importExperiment(...${JSON.stringify([file, lockstep])});
process.stdout.write(experiment.onEpochEnd.toString());`;
  return execFileSync(process.execPath, ["--input-type=module", "--eval", print], { encoding: "utf8" });
}
