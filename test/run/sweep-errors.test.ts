// Bad input to `exp run`: refused with one clear line and a next step before anything is stored. Here in this process, where the
// error itself is seen; test/cli/run-errors.test.ts has the command line around it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sourceFromPath } from "../../core/data/index.ts";
import { LockstepError } from "../../core/errors.ts";
import type { Overrides } from "../../core/experiment/index.ts";
import { listenForInterrupt } from "../../core/run/interrupt.ts";
import type { SweepObserver } from "../../core/run/observer.ts";
import { runSweep } from "../../core/run/sweep.ts";
import { TINY_SETTINGS, tinyModule } from "../cli/tiny-experiment.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sweep-errors-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const nothing = (): void => undefined;
const silent: SweepObserver = {
  stage: nothing,
  counting: nothing,
  notice: nothing,
  runStarted: nothing,
  progress: nothing,
  output: nothing,
  runEnded: nothing,
};

/** @param text of the experiment file, in JavaScript @returns the error's line; the database was never asked for */
async function errorOf(name: string, text: string | null, overrides: Overrides = {}): Promise<string> {
  const file = join(folder, name);
  if (text !== null) writeFileSync(file, text);
  const options = {
    engine: "portable",
    kernels: "auto",
    threads: 1,
    checkpointEverySteps: null,
    fresh: false,
    retryFailed: false,
    queuePriority: null,
  } as const;
  const interrupt = listenForInterrupt();
  const before = process.env["DATABASE_URL"];
  process.env["DATABASE_URL"] = "postgres://127.0.0.1:9/must-not-be-asked";
  try {
    await runSweep({ ...options, file, overrides }, { observer: silent, interrupt, serve: async () => null });
  } catch (error) {
    expect(error).toBeInstanceOf(LockstepError);
    const { code, message, next, exitCode } = error as LockstepError;
    expect({ code, next, exitCode }).toMatchObject({
      code: expect.not.stringMatching(/database|internal/) as string,
      next: expect.any(String) as string,
      exitCode: 1,
    });
    return message;
  } finally {
    interrupt.dispose();
    if (before === undefined) delete process.env["DATABASE_URL"];
    else process.env["DATABASE_URL"] = before;
  }
  throw new Error("nothing was refused");
}

/** Class folders with `count` readable images each. */
async function imageFolder(name: string, classes: readonly string[], count = 6): Promise<string> {
  const root = join(folder, name);
  for (const [c, label] of classes.entries()) {
    mkdirSync(join(root, label), { recursive: true });
    for (let i = 0; i < count; i++) {
      const pixels = Buffer.from(Array.from({ length: 32 * 32 * 3 }, (_, at) => (at * (7 * c + i + 3) + 31 * i) % 256));
      await sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } })
        .png()
        .toFile(join(root, label, `${i}.png`));
    }
  }
  return root;
}

it("no such file", async () => {
  expect(await errorOf("missing.mjs", null)).toContain("missing.mjs: no such file");
});

it("a file without a default export", async () => {
  expect(await errorOf("empty.mjs", "export const a = 1;\n")).toContain("no default export");
});

it("a file that throws", async () => {
  expect(await errorOf("throws.mjs", 'throw new Error("on purpose");\n')).toContain("on purpose");
});

it("an unknown key names the nearest valid one", async () => {
  const text = tinyModule({ base: { learning_rate: 1 } });
  expect(await errorOf("unknown.mjs", text)).toContain('unknown key "learning_rate". Did you mean "lr"?');
});

it("an unknown variant", async () => {
  expect(await errorOf("tiny.mjs", tinyModule(), { variants: ["bse"] })).toContain('Did you mean "base"?');
});

it("--set with a word for a number", async () => {
  expect(await errorOf("tiny.mjs", tinyModule(), { assignments: ["lr=abc"] })).toContain("--set lr=abc");
});

it("a batch size of 0", async () => {
  expect(await errorOf("tiny.mjs", tinyModule(), { assignments: ["batchSize=0"] })).toContain("batchSize");
});

it("a batch that leaves a batch-norm one value a channel", async () => {
  const text = tinyModule({ base: { ...TINY_SETTINGS, batchSize: 33 } });
  expect(await errorOf("one.mjs", text)).toMatch(/variant "base": batch-norm .* 1 value a channel/);
});

it("a positive class that is no class", async () => {
  expect(await errorOf("positive.mjs", tinyModule({ positiveClass: "malignat" }))).toContain(
    'Did you mean "malignant"?',
  );
});

it("a run to start from that no file makes", async () => {
  const text = tinyModule({ base: { ...TINY_SETTINGS, init: { kind: "run", run: "nowhere/base/0" } } });
  expect(await errorOf("orphan.mjs", text)).toContain('fromRun("nowhere/base/0")');
});

it("a run that would start from itself", async () => {
  const text = tinyModule({ name: "self", base: { ...TINY_SETTINGS, init: { kind: "run", run: "self/base/0" } } });
  expect(await errorOf("self.mjs", text)).toContain("its own weights come from this run");
});

it("a folder with one class", async () => {
  const data = sourceFromPath(await imageFolder("one-class", ["benign"]));
  expect(await errorOf("tiny.mjs", tinyModule(), { data })).toMatch(/one class .*"benign"/);
});

it("an empty class folder", async () => {
  const root = await imageFolder("empty-class", ["benign", "malignant"]);
  mkdirSync(join(root, "normal"));
  expect(await errorOf("tiny.mjs", tinyModule(), { data: sourceFromPath(root) })).toContain("normal");
});

it("a truncated PNG and a text file named .png are named in one error", async () => {
  const root = await imageFolder("broken", ["benign", "malignant"]);
  const noise = { type: "gaussian", mean: 99, sigma: 30 } as const;
  const whole = await sharp({ create: { width: 64, height: 64, channels: 3, background: "grey", noise } })
    .png()
    .toBuffer();
  writeFileSync(join(root, "benign", "cut.png"), whole.subarray(0, whole.length / 2));
  writeFileSync(join(root, "malignant", "text.png"), "not an image\n");
  const message = await errorOf("tiny.mjs", tinyModule(), { data: sourceFromPath(root) });
  expect(message).toContain("benign/cut.png");
  expect(message).toContain("malignant/text.png");
});

it("an .npz that is none", async () => {
  const path = join(folder, "bad.npz");
  writeFileSync(path, "no zip");
  expect(await errorOf("tiny.mjs", tinyModule(), { data: sourceFromPath(path) })).toContain("bad.npz");
});
