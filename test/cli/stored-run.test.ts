// What the command line does with a stored run: evaluates it on other data, shows that, exports it; the export says what the run says.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { batches, evaluationCrops, listSource, phantom, prepareImages } from "../../core/data/index.ts";
import { createPortableResampler } from "../../core/engine/portable/index.ts";
import { runTfjs } from "../model/export/run-tfjs.ts";
import { jsonLines, makeHome, type Home } from "./exp-process.ts";
import { TINY_SETTINGS, tinyExperiment } from "./tiny-experiment.ts";

const OTHER = phantom({ samples: 64, sizePx: 32, seed: 1 });
const RUN = "tiny/base/0";
let home: Home;
beforeAll(async () => {
  home = makeHome();
  home.write("tiny.ts", tinyExperiment());
  home.write("other.ts", tinyExperiment({ name: "other", data: OTHER }));
  expect((await home.exp(["run", "tiny.ts", "--json"])).code).toBe(0);
}, 120_000);
afterAll(() => home.remove());

async function answer(args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await home.exp([...args, "--json"]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return jsonLines(stdout).at(-1) ?? {};
}

it("exp evaluate stores a phase that exp show and exp sql have too", async () => {
  const evaluated = await answer(["evaluate", RUN, "--data", "other.ts"]);
  expect(evaluated).toMatchObject({
    type: "evaluation",
    experiment: "tiny",
    samples: 64,
    seenSamples: 0,
    before: null,
  });
  const { evaluations } = await answer(["show", RUN]);
  const { phase, accuracy, auc, digest, confusion } = evaluated;
  expect(evaluations).toMatchObject([{ phase, accuracy, auc, digest, confusion }]);
  expect(await answer(["sql", "select phase, accuracy from v_evaluations"])).toEqual({ phase, accuracy });
  expect((await home.exp(["show", RUN])).stdout).toContain("On other data");
  expect(await answer(["evaluate", RUN, "--data", "other.ts"])).toMatchObject({ before: "same", digest });
});

it("exp show tells what people say of a run: name, aliases, tags, note", async () => {
  const marks = [
    ["name", RUN, "the first one"],
    ["alias", RUN, "submitted"],
    ["alias", RUN, "best"],
    ["tag", RUN, "article"],
    ["note", RUN, "for figure 2"],
  ];
  for (const mark of marks) expect((await home.exp(mark)).code).toBe(0);
  const { stdout } = await home.exp(["show", "tiny@best"]);
  const lines = ["name          the first one", "aliases       tiny@best, tiny@submitted", "tags          article"];
  for (const line of [...lines, "note          for figure 2", "kind          simulated data"])
    expect(stdout.split("\n")).toContain(line);
  expect(await answer(["show", RUN])).toMatchObject({ aliases: ["best", "submitted"], tags: ["article"] });
});

it("exp evaluate names classes that the run does not know", async () => {
  home.write("texture.ts", tinyExperiment({ name: "texture", data: { ...OTHER, task: "texture" } }));
  const { code, stderr } = await home.exp(["evaluate", RUN, "--data", "texture.ts"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/samples\).*which the run does not know; expected its classes: benign, malignant/);
  expect(stderr).toMatch(/next: {2}--map /);
});

it("exp export writes what exp weights check takes whole, ONNX, and a graph model with the run's probabilities", async () => {
  for (const to of ["safetensors", "onnx", "tfjs"]) await answer(["export", RUN, "--to", to, "-o", to]);
  const file = join(home.folder, "safetensors", "model.safetensors");
  const width = String(TINY_SETTINGS.widthMult);
  const check = await answer(["weights", "check", file, "--width", width, "--classes", "2"]);
  expect(check).toMatchObject({ missing: [], unexpected: [], mismatched: [], backbone: { loaded: 262, total: 262 } });
  expect(readdirSync(join(home.folder, "onnx"))).toEqual(["model.onnx"]);
  await answer(["evaluate", RUN, "--data", "other.ts"]);
  const query = "select sample_id, probabilities from v_predictions where phase like 'external:%'";
  const said = jsonLines((await home.exp(["sql", query, "--json"])).stdout);
  const byId = new Map(said.map((row) => [row["sample_id"], row["probabilities"] as number[]]));
  const folder = join(home.folder, "tfjs");
  const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  const { ids, images } = await imagesOf();
  const exported = await runTfjs(files, images, TINY_SETTINGS.imageSizePx);
  expect(ids).toHaveLength(64);
  ids.forEach((id, i) =>
    byId.get(id)?.forEach((p, k) => expect(Math.abs((exported[2 * i + k] as number) - p)).toBeLessThan(1e-5)),
  );
  expect(ids.every((id) => byId.has(id))).toBe(true);
});

/** The other data set as the network sees it. */
async function imagesOf(): Promise<{ ids: string[]; images: Uint8Array }> {
  const before = process.env["EXP_HOME"];
  process.env["EXP_HOME"] = mkdtempSync(join(tmpdir(), "exp-images-"));
  const resampler = await createPortableResampler({ threads: 1 });
  try {
    const listing = await listSource(OTHER);
    const { manifest } = listing;
    const prepared = await prepareImages(listing, { storeSizePx: 37, resizer: resampler }); // 1.15 × 32
    const order = manifest.samples.map((_, index) => index);
    const crops = evaluationCrops({ prepared });
    const sizePx = TINY_SETTINGS.imageSizePx;
    const parts: Uint8Array[] = [];
    for await (const batch of batches({ manifest, prepared, resampler, order, batchSize: 64, crops, sizePx }))
      parts.push(batch.images);
    return { ids: manifest.samples.map(({ id }) => id), images: Buffer.concat(parts) };
  } finally {
    await resampler.close();
    rmSync(process.env["EXP_HOME"], { recursive: true, force: true });
    if (before === undefined) delete process.env["EXP_HOME"];
    else process.env["EXP_HOME"] = before;
  }
}
