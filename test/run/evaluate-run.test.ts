// A stored run on another labelled set: the same arithmetic as the run's own test, kept apart from it, and refused where classes differ.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { folder, phantom, type Source } from "../../core/data/index.ts";
import { evaluateRun, type EvaluateRequest, type RunEvaluation } from "../../core/run/evaluate-run.ts";
import { overall } from "../../core/run/verdict.ts";
import { verifyRun } from "../../core/run/verify.ts";
import { findRun, readEpochs, readEvaluations, readPredictions } from "../../core/store/index.ts";
import { tinyModule } from "../cli/tiny-experiment.ts";
import { makePlace, noiseImages, workshopOf, type Place } from "./trained.ts";

const OWN = phantom({ samples: 48, sizePx: 32 }); // what the tiny experiment is trained on
let place: Place;
let workshop: Awaited<ReturnType<typeof workshopOf>>;
let runId: string;
let images: string;
beforeAll(async () => {
  place = await makePlace(inject("postgresUrl"));
  const [run] = await place.train("tiny.mjs", tinyModule());
  runId = run?.run ?? "";
  images = await noiseImages(place.folder, 5);
  workshop = await workshopOf(place);
}, 120_000);
afterAll(async () => {
  await workshop.close();
  await place.remove();
});

const nothing = { renamed: {}, leftOut: [] };

async function evaluate(source: Source, more: Partial<EvaluateRequest> = {}): Promise<RunEvaluation> {
  const run = await findRun(place.store, runId);
  const request = { run, source, part: null, classes: nothing, onProgress: () => undefined, ...more };
  return evaluateRun(request, workshop);
}

describe("exp evaluate", () => {
  it("gives the bits of the run's own test for the same images, and says that the run was trained on others of them", async () => {
    const evaluation = await evaluate(OWN);
    const { runId: id, trainSamples } = await findRun(place.store, runId);
    expect(evaluation.seenSamples).toBe(trainSamples);
    const stored = await readPredictions(place.store, id, evaluation.phase);
    const again = new Map(stored.map((row) => [row.sampleId, row]));
    for (const row of await readPredictions(place.store, id, "test")) expect(again.get(row.sampleId)).toEqual(row);
    expect(stored).toHaveLength(48);
  });

  it("keeps its phase apart: epochs, test results and exp verify are those of the training", async () => {
    const before = await findRun(place.store, runId);
    const { phase } = await evaluate(folder(images));
    expect(phase).toMatch(/^external:[0-9a-f]{12}$/);
    expect(await findRun(place.store, runId)).toEqual({ ...before, heartbeatAt: expect.anything() as Date });
    expect((await readEpochs(place.store, runId)).map((row) => row.phase)).not.toContain(phase);
    expect(overall(await verifyRun(place.store, before, place.home))).toBe("same");
  });

  it("the same data again is one evaluation, with every bit the same", async () => {
    const first = await evaluate(folder(images));
    const second = await evaluate(folder(images));
    expect(second.before).toBe("same");
    expect(second.digest).toBe(first.digest);
    const rows = await place.store.sql<{ n: number }[]>`
      select count(*)::int as n from predictions where run_id = ${runId} and phase = ${first.phase}`;
    expect(rows[0]?.n).toBe(10);
    const found = (await readEvaluations(place.store, runId)).filter(({ phase }) => phase === first.phase);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ samples: 10, seenSamples: 0, ...first.metrics });
  });

  it("is in the views under its phase, with the other data set's digest and a thumbnail for each sample", async () => {
    const { phase, manifest, confusion } = await evaluate(folder(images));
    const { sql } = place.store;
    const [row] = await sql`select dataset_digest as digest, count(*)::int as n from v_predictions
      where run_id = ${runId} and phase = ${phase} group by 1`;
    expect(row).toEqual({ digest: manifest.digest, n: 10 });
    const cells = await sql<{ n: number }[]>`
      select n from v_confusion where run_id = ${runId} and phase = ${phase} order by true_class, predicted_class`;
    expect(cells.map(({ n }) => n)).toEqual(confusion.flat());
    const [classes] =
      await sql`select count(*)::int as n from v_class_metrics where run_id = ${runId} and phase = ${phase}`;
    expect(classes).toEqual({ n: 2 });
    const [thumbnails] = await sql`select count(*)::int as n from artifacts where dataset_digest = ${manifest.digest}`;
    expect(thumbnails).toEqual({ n: 10 });
  });

  it("exp verify names a prediction, a metric or a matrix that was edited", async () => {
    const { phase } = await evaluate(folder(images));
    const { sql } = place.store;
    const where = `where run_id = '${runId}' and phase = '${phase}'`;
    for (const [change, back, found] of [
      ["predictions set label = 1 - label", "predictions set label = 1 - label", "sample benign/0.png"],
      ["epochs set recall = recall + 1", "epochs set recall = recall - 1", "recall"],
      ["confusion_cells set n = n + 1", "confusion_cells set n = n - 1", "confusion"],
      ["evaluations set samples = samples + 1", "evaluations set samples = samples - 1", "samples"],
    ] as const) {
      await sql.unsafe(`update ${change} ${where}`);
      const lines = await verifyRun(place.store, await findRun(place.store, runId), place.home);
      await sql.unsafe(`update ${back} ${where}`);
      expect(lines.find(({ what }) => what === "evaluations")?.detail).toContain(found);
    }
  });

  it("leaves classes out, and takes one for another, only where it is told to", async () => {
    const all = await evaluate(folder(images));
    const part = await evaluate(folder(images), { classes: { renamed: {}, leftOut: ["benign"] } });
    expect(part.predictions.sampleIds.every((id) => id.startsWith("malignant/"))).toBe(true);
    expect(part.metrics.auc).toBeNull();
    expect(part.before).toBe("differs");
    const swapped = { benign: "malignant", malignant: "benign" };
    const { metrics, confusion } = await evaluate(folder(images), { classes: { renamed: swapped, leftOut: [] } });
    expect(metrics.accuracy).toBeCloseTo(1 - all.metrics.accuracy, 12);
    expect(confusion).toEqual([all.confusion[1], all.confusion[0]]);
  });

  it.each([
    [nothing, /"cyst" \(5 samples\), which the run does not know; expected its classes: benign, malignant/],
    [{ renamed: { cist: "benign" }, leftOut: [] }, /"cist" is not a class of .*Did you mean "cyst"/],
    [{ renamed: { cyst: "benine" }, leftOut: [] }, /"benine" is not a class of the run.*Did you mean "benign"/],
    [{ renamed: {}, leftOut: ["cyst", "benign", "malignant"] }, /every class is left out/],
  ])("classes that do not match are named: %j", async (classes, message) => {
    const other = await withCysts();
    await expect(evaluate(folder(other), { classes })).rejects.toThrow(message);
    await expect(
      evaluate(folder(other), { part: "test", classes: { renamed: {}, leftOut: ["cyst"] } }),
    ).rejects.toThrow(/no samples in a part "test"/);
  });

  it("a run without its checkpoint is an error that says where it was looked for", async () => {
    const run = await findRun(place.store, runId);
    rmSync(join(place.home, "runs"), { recursive: true });
    await expect(evaluate(folder(images), { run })).rejects.toMatchObject({
      code: "run-state",
      message: expect.stringContaining(place.home) as string,
    });
  });
});

/** The noise images with a third class. */
async function withCysts(): Promise<string> {
  return noiseImages(join(place.folder, "three"), 5, ["cyst"]);
}
