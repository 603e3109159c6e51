// Evaluations on other data sets (`exp evaluate`) on the run page and compared like the runs' own tests.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildManifest } from "../../core/data/manifest.ts";
import { saveDataset, saveEvaluation } from "../../core/store/index.ts";
import { confusionMatrix } from "../../core/train/confusion.ts";
import { epochMetrics } from "../../core/train/metrics.ts";
import { openSampleDashboard, textOf, type SampleDashboard } from "./sample-dashboard.ts";

const CLASSES = ["benign", "malignant"];
const manifest = buildManifest({
  name: "other hospital",
  simulated: false,
  classes: CLASSES,
  skipped: [],
  samples: Array.from({ length: 12 }, (_, i) => ({
    id: `scan-${String(i).padStart(2, "0")}.png`,
    sha256: String(i).padStart(64, "0"),
    label: i % 2,
    group: null,
    widthPx: 32,
    heightPx: 32,
    officialPart: null,
  })),
});
const phase = `external:${manifest.digest.slice(0, 12)}` as const;

let dashboard: SampleDashboard;
beforeAll(async () => {
  dashboard = await openSampleDashboard();
  await saveDataset(dashboard.store, manifest, null);
  await evaluate("frozen", (i) => (i < 4 ? 1 - (i % 2) : i % 2)); // four wrong
  await evaluate("unfrozen", (i) => (i === 11 ? 0 : i % 2), 3); // one wrong
});
afterAll(() => dashboard.close());

/** Stores what a variant's first run would say of each sample. */
async function evaluate(variant: string, predict: (i: number) => number, seenSamples = 0): Promise<void> {
  const labels = manifest.samples.map(({ label }) => label);
  const predicted = labels.map((_, i) => predict(i));
  const logits = predicted.map((k) => [k === 0 ? 1 : -1, k === 0 ? -1 : 1]);
  const probabilities = predicted.map((k) => (k === 0 ? [0.9, 0.1] : [0.1, 0.9]));
  const metrics = epochMetrics({ labels, predicted, probabilities }, 2, 1, 0.5);
  const at = { phase, epoch: 1 };
  await saveEvaluation(dashboard.store, dashboard.run(variant, 0).runId, {
    phase,
    datasetDigest: manifest.digest,
    part: null,
    samples: labels.length,
    seenSamples,
    classMap: {},
    engine: "portable",
    kernels: "wasm",
    digest: variant,
    events: [
      { kind: "epoch", ...at, metrics, lr: null, durationMs: 1, imagesPerSecond: 1, stateDigest: null },
      { kind: "confusion", ...at, counts: confusionMatrix(labels, predicted, 2) },
      {
        kind: "predictions",
        ...at,
        sampleIds: manifest.samples.map(({ id }) => id),
        labels,
        predicted,
        logits,
        probabilities,
      },
    ],
  });
}

const comparePath = (rest = "") => {
  const ids = ["frozen", "unfrozen"].map((variant) => dashboard.run(variant, 0).runId.slice(0, 8));
  return `/compare?runs=${ids.join(",")}&a=${ids[0]}&b=${ids[1]}${rest}`;
};

describe("evaluations on other data", () => {
  it("stand on the run page, with a warning where the run was trained on some of the images", async () => {
    const frozen = textOf(await dashboard.page(`/runs/${dashboard.run("frozen", 0).runId}`));
    expect(frozen).toContain("On other data");
    expect(frozen).toMatch(new RegExp(`other hospital ${phase} matrix curves samples 12 `));
    expect(frozen).not.toContain("no external validation");
    const unfrozen = textOf(await dashboard.page(`/runs/${dashboard.run("unfrozen", 0).runId}`));
    expect(unfrozen).toContain("trained on 3 of the 12 images of other hospital");
    const none = textOf(await dashboard.page(`/runs/${dashboard.run("frozen", 1).runId}`));
    expect(none).not.toContain("On other data");
  });

  it("are a phase of the matrix, of curves and of samples", async () => {
    const { runId } = dashboard.run("frozen", 0);
    const of = encodeURIComponent(phase);
    const overview = textOf(await dashboard.page(`/runs/${runId}?phase=${of}`));
    expect(overview).toContain(`By class, ${phase}`);
    expect(textOf(await dashboard.page(`/runs/${runId}/evaluation?of=${of}`))).toContain(`12 ${phase} samples`);
    expect(textOf(await dashboard.page(`/runs/${runId}/samples?of=${of}`))).toContain("scan-03.png");
  });

  it("are compared like test sets: matrices, metrics, paired tests", async () => {
    const text = textOf(await dashboard.page(comparePath(`&of=${encodeURIComponent(phase)}`)));
    expect(text).toContain(`Metrics on ${phase}`);
    expect(text).toContain("B gets 4 right that A gets wrong, and A gets 1 right that B gets wrong");
    expect(text).toContain("0.667");
    expect(text).toContain("0.917 +0.250");
  });

  it("are offered where a run has one, and missing ones are said to be missing", async () => {
    const plain = await dashboard.page(comparePath());
    expect(plain).toContain(`<option value="${phase}">other hospital`);
    const [a, b] = [dashboard.run("frozen", 0), dashboard.run("frozen", 1)].map((run) => run.runId.slice(0, 8));
    const path = `/compare?runs=${a},${b}&a=${a}&b=${b}&of=${encodeURIComponent(phase)}`;
    expect(textOf(await dashboard.page(path))).toContain("was not evaluated on this data set");
  });
});
