import { describe, expect, it } from "vitest";
import { stateDigest } from "../../core/model/digest.ts";
import { initialState } from "../../core/model/initialize.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";

const network = mobilenetV3({
  size: "small",
  layout: "torchvision",
  widthMult: 0.5,
  classes: 3,
  imageSizePx: 96,
  dropout: 0.2,
  batchNorm: { eps: 1e-3, momentum: 0.1 },
});
const state = initialState(network, 7);

const spread = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
const valuesOf = (name: string) => state.get(name) as Float32Array;

describe("initial state", () => {
  it("is the same for the same seed", async () => {
    expect(await stateDigest(initialState(network, 7))).toBe(await stateDigest(state));
  });

  it("is another for another seed", async () => {
    expect(await stateDigest(initialState(network, 8))).not.toBe(await stateDigest(state));
  });

  it("has the spread of Kaiming normal by fan-out, of 0.01 in dense layers", () => {
    expect(spread(valuesOf("features.12.0.weight"))).toBeCloseTo(Math.sqrt(2 / 288), 2); // [288, 48, 1, 1]
    const depthwise = valuesOf("features.10.block.1.0.weight"); // [288, 1, 5, 5]
    expect(spread(depthwise) / Math.sqrt(2 / (288 * 25))).toBeCloseTo(1, 1);
    expect(spread(valuesOf("classifier.0.weight"))).toBeCloseTo(0.01, 4);
  });

  it("has unit batch-norms, zero biases and the statistics of a standard normal", () => {
    expect(new Set(valuesOf("features.0.1.weight"))).toEqual(new Set([1]));
    expect(new Set(valuesOf("features.0.1.running_var"))).toEqual(new Set([1]));
    for (const name of ["features.0.1.bias", "features.0.1.running_mean", "classifier.3.bias"]) {
      expect(new Set(valuesOf(name))).toEqual(new Set([0]));
    }
    expect(new Set(valuesOf("features.1.block.1.fc1.bias"))).toEqual(new Set([0]));
  });

  it("moves no parameter when the number of classes changes, but the last layer", () => {
    const wider = mobilenetV3({ ...settingsOf(network), classes: 5 });
    const other = initialState(wider, 7);
    for (const { name } of network.parameters) {
      if (!name.startsWith("classifier.3")) expect(other.get(name)).toEqual(state.get(name));
    }
  });
});

function settingsOf({ widthMult, imageSizePx, classes }: typeof network) {
  const batchNorm = { eps: 1e-3, momentum: 0.1 };
  return { size: "small", layout: "torchvision", widthMult, classes, imageSizePx, dropout: 0.2, batchNorm } as const;
}
