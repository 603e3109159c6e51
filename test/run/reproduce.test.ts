// `exp reproduce`: the same bits again, from the database or a bundle; planted changes are named line by line.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { buildManifest } from "../../core/data/manifest.ts";
import { openBundle, writeBundle } from "../../core/run/bundle.ts";
import { readRecorded, type Recorded } from "../../core/run/recorded.ts";
import { reproduceRun, verdictOf, type ReproduceOptions } from "../../core/run/reproduce.ts";
import { storedHooks } from "../../core/run/stored-hooks.ts";
import { unpackSources } from "../../core/run/unpacked-sources.ts";
import { bundledWeights, storedWeights } from "../../core/run/stored-weights.ts";
import type { VerdictLine } from "../../core/run/verdict.ts";
import { findRun } from "../../core/store/index.ts";
import { tinyModule } from "../cli/tiny-experiment.ts";
import { makePlace, noiseImages, workshopOf, type Place } from "./trained.ts";

let place: Place;
let recorded: Recorded;
let images: string;
beforeAll(async () => {
  place = await makePlace(inject("postgresUrl"));
  images = await noiseImages(place.folder);
  const [run] = await place.train("tiny.mjs", tinyModule({ data: { kind: "folder", path: images, group: null } }));
  recorded = await readRecorded(place.store, await findRun(place.store, run?.run ?? ""));
}, 120_000);
afterAll(() => place.remove());

async function reproduce(from: Recorded, options: Partial<ReproduceOptions> = {}): Promise<VerdictLine[]> {
  const workshop = await workshopOf(place);
  const weights = () => (from === recorded ? storedWeights(from, place) : bundledWeights(from, null));
  try {
    return await reproduceRun(
      from,
      { source: null, steps: null, epochs: null, anyway: false, hooks: null, ...options },
      workshop,
      weights,
    );
  } finally {
    await workshop.close();
  }
}

function line(lines: readonly VerdictLine[], what: string): VerdictLine | undefined {
  return lines.find((one) => one.what === what);
}

it("the same run again is the same in every line", async () => {
  const lines = await reproduce(recorded);
  expect(lines.filter(({ verdict }) => verdict !== "same")).toEqual([]);
  expect(verdictOf(lines)).toBe("same");
});

it("--steps compares only so many, and says what it did not check", async () => {
  const lines = await reproduce(recorded, { steps: 2 });
  expect(line(lines, "chain")).toMatchObject({ verdict: "same", detail: `2 of ${recorded.batches.length} batches` });
  expect(line(lines, "digest")?.verdict).toBe("not checked");
  expect(verdictOf(lines)).toBe("same");
});

it("a bundle reproduces without the database, and is no place for a run that is no bundle", async () => {
  const path = join(place.folder, "run.zip");
  await writeBundle(path, recorded, { initial: null, best: null });
  const opened = await openBundle(path);
  const lines = await reproduce(opened.recorded, { epochs: 1 });
  expect(line(lines, "weights")).toMatchObject({ verdict: "same" });
  expect(verdictOf(lines)).toBe("same");
  writeFileSync(path, "no zip");
  await expect(openBundle(path)).rejects.toThrow("no bundle of Lockstep");
});

it("a changed byte of one image is named and training is not begun", async () => {
  const target = join(images, "benign", "3.png");
  const whole = readFileSync(target);
  const { data, info } = await sharp(whole).raw().toBuffer({ resolveWithObject: true });
  data[17]! ^= 1;
  await sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
    .png()
    .toFile(target);
  const lines = await reproduce(recorded);
  writeFileSync(target, whole);
  expect(line(lines, "data set")).toMatchObject({
    verdict: "differs",
    detail: expect.stringContaining("benign/3.png: bytes") as string,
  });
  expect(line(lines, "chain")?.verdict).toBe("not checked");
  expect(verdictOf(lines)).toBe("differs");
});

it("a swapped label is named with both classes", async () => {
  const { digest: _, ...rows } = recorded.manifest;
  const samples = rows.samples.with(3, { ...rows.samples[3]!, label: 1 });
  const manifest = buildManifest({ ...rows, samples });
  const lines = await reproduce({ ...recorded, manifest, run: { ...recorded.run, datasetDigest: manifest.digest } });
  expect(line(lines, "data set")).toMatchObject({
    verdict: "differs",
    detail: expect.stringMatching(/1 changed \(benign\/.*: label \(malignant before, benign now\)\)/) as string,
  });
});

it("an added image is named", async () => {
  const added = join(images, "benign", "extra.png");
  await sharp({ create: { width: 32, height: 32, channels: 3, background: "white" } })
    .png()
    .toFile(added);
  const lines = await reproduce(recorded);
  copyFileSync(added, join(place.folder, "extra.png"));
  (await import("node:fs")).rmSync(added);
  expect(line(lines, "data set")?.detail).toBe("1 added (benign/extra.png)");
});

/** The stored run as if it had been made with other settings. */
function withSettings(change: Partial<Recorded["config"]["settings"]>): Recorded {
  return { ...recorded, config: { ...recorded.config, settings: { ...recorded.config.settings, ...change } } };
}

it("another learning rate in the 7th digit: the first batch after the first step differs, with its samples and both losses", async () => {
  const lines = await reproduce(withSettings({ lr: 0.001000001 }));
  expect(line(lines, "chain")).toMatchObject({
    verdict: "differs",
    detail: expect.stringMatching(
      /first differing batch: train epoch 1, batch 2: loss .* stored .*samples (benign|malignant)\/\d+\.png/,
    ) as string,
  });
  expect(verdictOf(lines)).toBe("differs");
});

it("another seed and one more layer of augmentation differ in the first batch", async () => {
  const seed = await reproduce({ ...recorded, run: { ...recorded.run, seed: 1 } });
  expect(line(seed, "chain")?.detail).toContain("train epoch 1, batch 1");
  const { augment } = recorded.config.settings;
  const more = await reproduce(withSettings({ augment: [...augment, { kind: "horizontalFlip", probability: 0.5 }] }));
  expect(line(more, "chain")?.detail).toContain("train epoch 1, batch 1");
});

it("changed code is named by file, and --anyway goes on to bits that are the same", async () => {
  const codeFiles = { ...recorded.provenance.codeFiles, "core/random.ts": "0".repeat(64) };
  const changed = {
    ...recorded,
    run: { ...recorded.run, codeDigest: "1".repeat(64) },
    provenance: { ...recorded.provenance, codeFiles },
  };
  const lines = await reproduce(changed);
  expect(line(lines, "code")).toMatchObject({
    verdict: "differs",
    detail: expect.stringContaining("core/random.ts changed") as string,
  });
  expect(verdictOf(lines)).not.toBe("same");
  expect(verdictOf(await reproduce(changed, { anyway: true }))).toBe("same");
});

it("a bundle's own hook is called only where its code is trusted, from the text in the bundle", async () => {
  const file = join(place.folder, "hooked", "hooked.mjs");
  mkdirSync(join(place.folder, "hooked"));
  writeFileSync(join(place.folder, "above.mjs"), "export const calls = (globalThis.hookCalls ??= []);\n");
  const text = tinyModule({ name: "hooked" }).replace(/\};\n$/, ", onEpochEnd(ctx) { calls.push(ctx.epoch); } };\n");
  const [run] = await place.train("hooked/hooked.mjs", `import { calls } from "../above.mjs";\n${text}`);
  const calls = (globalThis as { hookCalls?: number[] }).hookCalls ?? [];
  expect(calls).toEqual([1, 2]);
  const hooked = await readRecorded(place.store, await findRun(place.store, run?.run ?? ""));
  rmSync(file); // as on another machine

  const untrusted = await reproduce(hooked);
  expect(line(untrusted, "hooks")?.verdict).toBe("not checked");
  expect(verdictOf(untrusted)).toBe("same");
  expect(calls).toEqual([1, 2]);

  await expect(storedHooks(hooked, "refuse", () => undefined)).rejects.toThrow(/brings code of its own/);
  const { hooks, release } = await storedHooks(hooked, "trust", () => undefined);
  const trusted = await reproduce(hooked, { hooks });
  await release();
  expect(line(trusted, "hooks")?.verdict).toBe("same");
  expect(verdictOf(trusted)).toBe("same");
  expect(calls).toEqual([1, 2, 1, 2]);
});

it("source files are unpacked into their folder, wherever their paths point", async () => {
  for (const path of ["a/../../../../b.ts", "/etc/../../x.ts", "../up.ts"]) {
    const { folder, file } = await unpackSources([{ path, text: "" }]);
    expect(file.startsWith(folder)).toBe(true);
    rmSync(folder, { recursive: true });
  }
});
