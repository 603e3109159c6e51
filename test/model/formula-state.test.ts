import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import { formulaDropoutMask, formulaImages, formulaState } from "./formula-state.ts";
import { expectedGradients, gradientCases } from "./golden-cases.ts";

const golden = JSON.parse(readFileSync("test/golden/model-formula.json", "utf8")) as {
  images: number;
  mask: number;
  parameters: Record<"torchvision" | "article", number[][]>;
};
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

describe("formulas of the golden cases", () => {
  it.each(["torchvision", "article"] as const)("give the same shapes and values as in Python, %s layout", (layout) => {
    const batchNorm = { eps: 1e-3, momentum: 0.1 };
    const settings = { size: "small", widthMult: 0.5, classes: 3, imageSizePx: 96, dropout: 0 } as const;
    const network = mobilenetV3({ ...settings, layout, batchNorm });
    const state = formulaState(network);
    expect(network.parameters).toHaveLength(golden.parameters[layout].length);
    network.parameters.forEach(({ name, shape }, i) => {
      const values = state.get(name) as Float32Array;
      const expected = golden.parameters[layout][i] as number[];
      expect([...shape, values[0], values.at(-1)]).toEqual(expected.slice(0, -1));
      expect(sum(values)).toBeCloseTo(expected.at(-1) as number, 9);
    });
  });

  it("give the same images and dropout mask as in Python", () => {
    expect(sum(formulaImages(2, 40))).toBe(golden.images);
    expect(sum(formulaDropoutMask(2, 100, 0.25))).toBeCloseTo(golden.mask, 9);
  });

  it("have one gradient for each trainable parameter of each case", () => {
    for (const given of gradientCases) expect(expectedGradients(given).size).toBe(given.gradients.length);
  });
});
