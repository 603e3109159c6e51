import { describe, expect, it } from "vitest";
import { trainableParameters } from "../../core/model/freeze.ts";
import { mobilenetV3, type MobilenetV3Settings } from "../../core/model/mobilenet-v3.ts";
import { summarize } from "../../core/model/summary.ts";

const BASE: MobilenetV3Settings = {
  size: "large",
  layout: "torchvision",
  widthMult: 1,
  classes: 1000,
  imageSizePx: 224,
  dropout: 0.2,
  batchNorm: { eps: 1e-3, momentum: 0.01 },
};
const summaryOf = (change: Partial<MobilenetV3Settings>) => {
  const network = mobilenetV3({ ...BASE, ...change });
  return summarize(network, trainableParameters(network, "none"));
};
const hundredths = (n: number) => Math.round(n * 100) / 100;

describe("model summary", () => {
  it("gives the article's totals of torchstat at 1000 classes and 224 px", () => {
    const { total } = summaryOf({ layout: "article" });
    expect(total.parameters).toBe(5_140_608);
    expect(hundredths(total.multiplyAdds / 1e6)).toBe(505.77);
    expect(hundredths(total.flops / 1e6)).toBe(255.62);
    expect(hundredths(total.activationBytes / 2 ** 20)).toBe(44.65);
    expect(hundredths(total.readWriteBytes / 2 ** 20)).toBe(96.79);
  });

  it("gives torchvision's parameters and GFLOPs", () => {
    const large = summaryOf({}).total; // torchvision's _ops: 0.217 and 0.057
    expect([large.parameters, Math.round(large.macs / 1e6)]).toEqual([5_483_032, 217]);
    const small = summaryOf({ size: "small" }).total;
    expect([small.parameters, Math.round(small.macs / 1e6)]).toEqual([2_542_856, 57]);
  });

  it("counts a convolution, its batch-norm and its activation by hand", () => {
    const [conv, norm, activation] = summaryOf({ imageSizePx: 32 }).rows; // 3 -> 16 channels, 3 x 3, stride 2: 16 x 16
    const values = 16 * 16 * 16;
    expect(conv).toMatchObject({
      name: "features.0.0",
      parameters: 432,
      multiplyAdds: values * (27 + 26),
      flops: values * 27,
      macs: values * 27,
      activations: values,
      readWrite: 32 * 32 * 3 + 432 + values,
    });
    expect(norm).toMatchObject({ parameters: 32, multiplyAdds: 4 * values, flops: 2 * values, macs: 0 });
    expect(activation).toMatchObject({ parameters: 0, multiplyAdds: 0, flops: 0, activations: values }); // hard swish
  });

  it("sums its rows, and says which parameters train", () => {
    const network = mobilenetV3({ ...BASE, classes: 3 });
    const { rows, everyRow, total } = summarize(network, trainableParameters(network, "backbone"));
    expect(total).toEqual(everyRow);
    expect(rows.reduce((sum, row) => sum + row.flops, 0)).toBe(total.flops);
    expect(total.trainable).toBe(960 * 1280 + 1280 + 1280 * 3 + 3);
    expect(rows.filter((row) => row.trainable > 0).map((row) => row.name)).toEqual(["classifier.0", "classifier.3"]);
  });
});
