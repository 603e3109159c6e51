// A run that one engine began goes on, is evaluated and is exported by the other: both read the same checkpoints.
// And what the command line says where an engine cannot be had.
import { existsSync, mkdirSync, watch } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { installationFolder } from "../../core/engine/tensorflow/installation.ts";
import { stream } from "../../core/random.ts";
import { isInstalled, skipReason } from "../engine/tensorflow/installed.ts";
import { createTestDatabase } from "../postgres.ts";
import { jsonLines, makeHome, type Home } from "./exp-process.ts";
import { TINY_SETTINGS, tinyExperiment } from "./tiny-experiment.ts";

vi.setConfig({ testTimeout: 240_000 });

let home: Home;
let env: Record<string, string>;
beforeAll(async () => {
  home = makeHome();
  env = { DATABASE_URL: await createTestDatabase(inject("postgresUrl")), EXP_TENSORFLOW: installationFolder() };
  for (const name of ["portable", "tensorflow"])
    home.write(`from-${name}.ts`, tinyExperiment({ name: `from-${name}`, base: { ...TINY_SETTINGS, epochs: 4 } }));
});
afterAll(() => home.remove());

/** Begins a run on an engine and kills it at its first checkpoint. @returns the run's id */
async function begin(engine: string): Promise<string> {
  const flags = ["--json", "--no-dashboard", "--checkpoint-every", "2", "--threads", "2", "--engine", engine];
  const started = home.start(["run", `from-${engine}.ts`, ...flags], env);
  const run = await started.seen(/(?<=run )[0-9a-f-]{36}/);
  const folder = join(home.folder, ".exp", "runs", run);
  mkdirSync(folder, { recursive: true });
  const watcher = watch(folder, (_event, name) => {
    if (/^step-.*safetensors$/.test(name ?? "")) started.child.kill("SIGKILL");
  });
  expect((await started.finished).signal).toBe("SIGKILL");
  watcher.close();
  return run;
}

async function expOk(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await home.exp(args, env);
  expect(code, stderr).toBe(0);
  return stdout;
}

/** Two engines say the same of the same image. */
async function comparePredictions(run: string, engines: readonly string[]): Promise<void> {
  const image = join(home.folder, "image.png");
  const noise = stream(0, "image");
  const pixels = Uint8Array.from({ length: 64 * 64 * 3 }, () => noise.integer(256));
  await sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } }).toFile(image);
  const said: { class: string; probabilities: Record<string, number> }[] = [];
  for (const engine of engines) {
    const lines = await expOk("predict", run, image, "--engine", engine, "--threads", "2", "--json");
    said.push(jsonLines(lines)[0] as unknown as (typeof said)[number]);
  }
  const [one, other] = said as [(typeof said)[number], (typeof said)[number]];
  expect(other.class).toBe(one.class);
  for (const [name, probability] of Object.entries(one.probabilities))
    expect(Math.abs((other.probabilities[name] as number) - probability), name).toBeLessThan(1e-4);
}

describe.skipIf(!isInstalled)(`a run that changes its engine${skipReason}`, () => {
  it.each([
    ["portable", "tensorflow"],
    ["tensorflow", "portable"],
  ])("begun on %s, ends on %s, says so, and is evaluated and exported", async (first, second) => {
    const run = await begin(first);
    await expOk("resume", run, "--engine", second, "--threads", "2");
    const shown = await expOk("show", run);
    expect(shown).toMatch(new RegExp(`engine +${second}, .*, 2 threads`));
    expect(shown).toMatch(new RegExp(`the engine changed: it was ${first} .*, it is ${second} .* from here on`));
    const verified = await expOk("verify", run);
    expect(verified).toMatch(
      new RegExp(`chain .*the engine changed after train epoch 1, batch 2 from ${first} .* to ${second} `),
    );
    await comparePredictions(run, [first, second]);
    const scores: number[] = [];
    for (const engine of [first, second]) {
      const lines = jsonLines(
        await expOk("evaluate", run, "--data", "from-portable.ts", "--engine", engine, "--threads", "2", "--json"),
      );
      scores.push(Number(/"loss":([\d.e-]+)/.exec(JSON.stringify(lines))?.[1]));
    }
    const [one, other] = scores as [number, number];
    expect(Math.abs(one - other)).toBeLessThan(1e-4 * one);
    for (const format of ["saved-model", "onnx"]) {
      const written = await expOk("export", run, "--to", format, "-o", join(home.folder, first, format), "--json");
      const { files } = jsonLines(written)[0] as { files: string[] };
      for (const file of files) expect(existsSync(file), file).toBe(true);
    }
  });
});

describe("an engine that cannot be had", () => {
  it("is an error with the way to it, and nothing slower takes its place", async () => {
    const missing = { ...env, EXP_TENSORFLOW: join(home.folder, "nothing") };
    const { code, stderr } = await home.exp(["run", "from-portable.ts", "--engine", "tensorflow"], missing);
    expect(code).toBe(1);
    expect(stderr).toContain("tensorflow: not installed");
    expect(stderr).toContain("exp engine install tensorflow");
    expect(stderr).not.toContain("split:"); // said before the data are looked at
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each([["resume"], ["evaluate", "--data", "from-portable.ts"], ["predict", "image.png"], ["reproduce"]])(
    "%s says so before the database is opened",
    async (command, ...args) => {
      const nothing = {
        DATABASE_URL: "postgres://nobody@127.0.0.1:9/none",
        EXP_TENSORFLOW: join(home.folder, "nothing"),
      };
      const { code, stderr } = await home.exp(
        [command, "from-portable/base/0", ...args, "--engine", "tensorflow"],
        nothing,
      );
      expect(code).toBe(1);
      expect(stderr).toContain("tensorflow: not installed");
    },
  );

  it("is listed with the reason", async () => {
    const { stdout } = await home.exp(["engine", "list", "--json"], { EXP_TENSORFLOW: join(home.folder, "nothing") });
    const tensorflow = jsonLines(stdout).find(({ name }) => name === "tensorflow");
    expect(tensorflow).toMatchObject({ available: false, reason: expect.stringContaining("not installed") as string });
  });
});
