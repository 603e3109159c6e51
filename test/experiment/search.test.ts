import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planRuns } from "../../core/experiment/expand.ts";
import { drawnVariants, logUniform, uniform, type Search } from "../../core/experiment/search.ts";
import type { Experiment } from "../../core/experiment/settings.ts";
import { validateExperiment } from "../../core/experiment/validate.ts";

const experiment = { name: "example", data: { kind: "phantom" }, positiveClass: "malignant" } as unknown as Experiment;
const space = { lr: logUniform(1e-4, 1e-2), dropout: uniform(0, 0.5), widthMult: [0.35, 0.5, 1] } as const;
const check = (search: unknown) => () => validateExperiment({ ...experiment, search }, "mine.ts");

describe("random search", () => {
  it("draws the same variants from the same seed, and others from another", () => {
    const names = (seed: number) => [...drawnVariants({ random: 5, seed, space }).keys()];
    expect(names(0)).toEqual(names(0));
    expect(names(1)).not.toEqual(names(0));
    expect(names(0)[0]).toMatch(/^lr=\S+\+dropout=\S+\+widthMult=\S+$/);
  });

  it("asked for more, begins with the same ones", () => {
    const [few, many] = [3, 9].map((random) => [...drawnVariants({ random, space }).keys()]);
    expect(many?.slice(0, 3)).toEqual(few);
  });

  it("another setting beside it moves no draw", () => {
    const rates = (search: Search) => [...drawnVariants(search).values()].map(({ lr }) => lr);
    expect(rates({ random: 6, space: { lr: space.lr } })).toEqual(rates({ random: 6, space }));
  });

  it("stays inside its ranges and among its values, without repetition", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 40 }), (seed, random) => {
        const variants = drawnVariants({ random, seed, space });
        expect(variants.size).toBe(random);
        for (const { lr = 0, dropout = -1, widthMult = 0 } of variants.values()) {
          expect(lr >= 1e-4 && lr <= 1e-2 && dropout >= 0 && dropout <= 0.5).toBe(true);
          expect(space.widthMult).toContain(widthMult);
        }
      }),
    );
  });

  it("spreads learning rates evenly over their logarithm", () => {
    const drawn = [...drawnVariants({ random: 600, space: { lr: logUniform(1e-4, 1e-2) } }).values()];
    const below = drawn.filter(({ lr = 0 }) => lr < 1e-3).length;
    expect(below / 600).toBeGreaterThan(0.4);
    expect(below / 600).toBeLessThan(0.6);
  });

  it("makes each draw a variant with every seed", () => {
    const plan = planRuns({ ...experiment, seeds: [0, 1], search: { random: 4, space } });
    expect(plan.runs).toHaveLength(8);
    expect(new Set(plan.runs.map(({ settings }) => settings.lr)).size).toBe(4);
  });

  it("says when the space is too small", () => {
    expect(() => drawnVariants({ random: 4, space: { widthMult: [0.5, 1] } })).toThrow(
      "search: expected 4 different variants, the space gives 2.",
    );
  });

  it.each([
    [{ random: 3 }, "search.space: expected a value of type object, received nothing."],
    [{ random: 0, space: { lr: [1e-3] } }, "search.random: expected at least 1, received 0."],
    [{ random: 3, space: {} }, "search.space: expected at least one setting to draw"],
    [{ random: 3, space: { learningRate: [1e-3] } }, 'unknown key "learningRate". Did you mean "lr"?'],
    [{ random: 3, space: { lr: logUniform(0, 1) } }, "search.space.lr: a log-uniform range begins above 0"],
    [{ random: 3, space: { lr: uniform(1e-2, 1e-3) } }, "search.space.lr: expected low below high"],
    [{ random: 3, space: { dropout: uniform(0, 2) } }, "search.space.dropout: high is no valid value of the setting"],
    [{ random: 3, space: { batchSize: uniform(8, 64) } }, "search.space.batchSize: expected a value of type array"],
  ])("refuses %j", (search, message) => {
    expect(check(search)).toThrow(message);
  });
});
