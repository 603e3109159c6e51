import { describe, expect, it } from "vitest";
import { planRuns } from "../../core/experiment/expand.ts";
import type { Experiment } from "../../core/experiment/settings.ts";

const experiment = {
  name: "example",
  data: { kind: "phantom", samples: 64, sizePx: 32 },
  positiveClass: "malignant",
  seeds: [0, 1],
  base: { epochs: 3, lr: 1e-3 },
  variants: { frozen: { freeze: "backbone" }, unfrozen: { lr: 1e-4 } },
} as unknown as Experiment;

describe("planRuns", () => {
  it("expands variants times seeds, variants in the file's order", () => {
    const names = planRuns(experiment).runs.map((run) => `${run.variant}/${run.seed}`);
    expect(names).toEqual(["frozen/0", "frozen/1", "unfrozen/0", "unfrozen/1"]);
  });

  it("lets a variant override base and --set override both", () => {
    expect(planRuns(experiment).runs.map((run) => run.settings.lr)).toEqual([1e-3, 1e-3, 1e-4, 1e-4]);
    const plan = planRuns(experiment, { assignments: ["lr=3e-4", "batchNorm.momentum=0.05"] });
    expect(plan.runs.map((run) => run.settings.lr)).toEqual([3e-4, 3e-4, 3e-4, 3e-4]);
    expect(plan.runs[0]?.settings.batchNorm).toEqual({ eps: 1e-3, momentum: 0.05 });
  });

  it("gives equal settings the same hash, and any change another", () => {
    const hash = (assignments: string[]) => planRuns(experiment, { assignments }).runs[0]?.settingsHash;
    expect(hash([])).toBe(hash([]));
    expect(hash(["lr=0.0010000001"])).not.toBe(hash([]));
    expect(planRuns(experiment).runs[0]?.settingsHash).toBe(planRuns(experiment).runs[1]?.settingsHash);
  });

  it("expands a grid to every combination, named by its values", () => {
    const plan = planRuns({ ...experiment, variants: undefined, grid: { lr: [1e-3, 1e-4], widthMult: [0.5] } });
    expect(plan.runs.map((run) => run.variant)).toEqual([
      "lr=0.001+widthMult=0.5",
      "lr=0.001+widthMult=0.5",
      "lr=0.0001+widthMult=0.5",
      "lr=0.0001+widthMult=0.5",
    ]);
  });

  it("names the nearest variant when one is unknown", () => {
    expect(() => planRuns(experiment, { variants: ["frozn"] })).toThrow('Did you mean "frozen"?');
  });

  it("cuts a smoke run down to 2 epochs, 1 seed, 64 images and 32 px", () => {
    const plan = planRuns(experiment, { smoke: true });
    expect(plan.runs).toHaveLength(2);
    expect(plan.sampleLimit).toBe(64);
    expect(plan.runs[0]?.settings).toMatchObject({ epochs: 2, imageSizePx: 32 });
  });

  it("warns about a frozen part with random weights", () => {
    expect(planRuns(experiment).warnings.join()).toContain('variant "frozen": a frozen part has random weights');
  });
});

describe("a split of k folds", () => {
  const folded = { ...experiment, split: { folds: 3 } };
  const namesOf = (overrides = {}) => planRuns(folded, overrides).runs.map((run) => `${run.seed}.${run.fold}`);

  it("makes each fold a run of its own, with one settings hash", () => {
    const { runs } = planRuns(folded);
    expect(runs).toHaveLength(2 * 2 * 3);
    expect(namesOf({ variants: ["frozen"] })).toEqual(["0.0", "0.1", "0.2", "1.0", "1.1", "1.2"]);
    expect(new Set(runs.filter(({ variant }) => variant === "frozen").map((run) => run.settingsHash)).size).toBe(1);
  });

  it("is narrowed by --fold, and a fold that is none is an error", () => {
    expect(namesOf({ variants: ["frozen"], seeds: [0], folds: [2] })).toEqual(["0.2"]);
    expect(() => planRuns(folded, { folds: [3] })).toThrow("its folds are 0 to 2");
    expect(() => planRuns(experiment, { folds: [0] })).toThrow("its split has no folds");
  });
});
