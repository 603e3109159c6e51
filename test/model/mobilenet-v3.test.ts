import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { LockstepError } from "../../core/errors.ts";
import { checkBatch } from "../../core/model/model-check.ts";
import { mobilenetV3, type MobilenetV3Settings } from "../../core/model/mobilenet-v3.ts";
import { elementCount, isStatistic, type Network } from "../../core/model/network.ts";

const BASE: MobilenetV3Settings = {
  size: "large",
  layout: "torchvision",
  widthMult: 1,
  classes: 1000,
  imageSizePx: 224,
  dropout: 0.2,
  batchNorm: { eps: 1e-3, momentum: 0.01 },
};

const golden = JSON.parse(readFileSync("test/golden/model-parameters.json", "utf8")) as {
  lists: Record<string, [string, ...number[]][]>;
};

const countParameters = (network: Network) =>
  network.parameters.filter((p) => !isStatistic(p)).reduce((sum, p) => sum + elementCount(p.shape), 0);

describe("MobileNetV3", () => {
  it.each(Object.keys(golden.lists))("%s has torchvision's parameter names, shapes and order", (key) => {
    const [size, width] = key.split(" ") as ["large" | "small", string];
    const network = mobilenetV3({ ...BASE, size, widthMult: Number(width) });
    expect(network.parameters.map((p) => [p.name, ...p.shape])).toEqual(golden.lists[key]);
  });

  it("has torchvision's and the article's number of parameters", () => {
    expect(countParameters(mobilenetV3(BASE))).toBe(5_483_032);
    expect(countParameters(mobilenetV3({ ...BASE, layout: "article" }))).toBe(5_140_608);
    expect(countParameters(mobilenetV3({ ...BASE, size: "small" }))).toBe(2_542_856);
  });

  it("is plain data whose ops take values that exist and have unique names", () => {
    for (const layout of ["torchvision", "article"] as const) {
      const network = mobilenetV3({ ...BASE, layout });
      expect(JSON.parse(JSON.stringify(network))).toEqual(network);
      const made = new Set(["image"]);
      for (const op of network.ops) {
        expect(made.has(op.input)).toBe(true);
        if (op.kind === "add") expect(made.has(op.shortcut)).toBe(true);
        expect(made.has(op.name)).toBe(false);
        made.add(op.name);
      }
      expect(network.ops.at(-1)?.output).toEqual({ kind: "vector", channels: 1000 });
    }
  });

  it("halves the map five times, rounding up, and ends in 1 x 1 at 32 px", () => {
    const lastMap = (imageSizePx: number) =>
      mobilenetV3({ ...BASE, imageSizePx }).ops.findLast((op) => op.output.kind === "map")?.output;
    expect(lastMap(224)).toEqual({ kind: "map", heightPx: 7, widthPx: 7, channels: 960 });
    expect(lastMap(33)).toEqual({ kind: "map", heightPx: 2, widthPx: 2, channels: 960 });
    expect(lastMap(32)).toEqual({ kind: "map", heightPx: 1, widthPx: 1, channels: 960 });
  });

  it.each([
    { imageSizePx: 31 },
    { imageSizePx: 513 },
    { imageSizePx: 96.5 },
    { classes: 1 },
    { widthMult: 0 },
    { widthMult: NaN },
    { dropout: 1 },
    { batchNorm: { eps: 0, momentum: 0.1 } },
  ])("refuses %o and names what is allowed", (change) => {
    expect(() => mobilenetV3({ ...BASE, ...change })).toThrow(LockstepError);
    expect(() => mobilenetV3({ ...BASE, ...change })).toThrow(/expected a (whole )?number/);
  });

  it("refuses a batch that leaves a batch-norm one value a channel, unless that batch-norm is frozen", () => {
    const network = mobilenetV3({ ...BASE, imageSizePx: 32 });
    expect(() => checkBatch(network, 1)).toThrow(/1 value a channel/);
    expect(() => checkBatch(network, 2)).not.toThrow();
    const frozen = { trainable: new Set(["classifier.3.weight"]), frozenBatchNorm: "inference" as const };
    expect(() => checkBatch(network, 1, frozen)).not.toThrow();
    expect(() => checkBatch(network, 1, { ...frozen, frozenBatchNorm: "update" })).toThrow(LockstepError);
  });
});
