import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { elementCount } from "../../../core/model/network.ts";
import { fitWeights, importWeights, summariseReport } from "../../../core/model/weights/import-weights.ts";
import { writeSafetensors } from "../../../core/model/weights/safetensors.ts";
import { openWeights } from "../../../core/model/weights/weights-file.ts";
import { differingNames, goldenState, goldenValue, makeNetwork, unpack } from "./golden-files.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-import-"));
const network = makeNetwork({ widthMult: 0.25 });
const file = unpack("large-zip.pth", folder);
const keras = "../shared/data/importers/keras-hdf5";
const everything = { includeClassifier: true, minLoaded: 1 };
const backbone = { includeClassifier: false, minLoaded: 1 };

describe("importing weights", () => {
  it("loads a torchvision file whole: 308 backbone entries of 312", async () => {
    const { state, report } = await importWeights(network, file, everything);
    expect(differingNames(network, (name) => state.get(name))).toEqual([]);
    expect(report.backbone).toEqual({ loaded: 262, total: 262, entries: 308 });
    expect([report.missing, report.unexpected, report.mismatched]).toEqual([[], [], []]);
    expect(summariseReport(report)).toContain("308 backbone entries of 312");
  });

  it("leaves the classifier out on demand, so that another number of classes fits", async () => {
    const other = makeNetwork({ widthMult: 0.25, classes: 7 });
    const { state, report } = await importWeights(other, file, backbone);
    expect([...state.keys()].filter((name) => name.startsWith("classifier"))).toEqual([]);
    expect(report.leftOut).toHaveLength(4);
    const kept = fitWeights(other, await openWeights(file, other), true);
    expect(kept.report.mismatched).toEqual([
      { name: "classifier.3.weight", expected: [7, 320], received: [3, 320] },
      { name: "classifier.3.bias", expected: [7], received: [3] },
    ]);
  });

  it("refuses a classifier that was asked for and has another number of classes", async () => {
    const other = makeNetwork({ widthMult: 0.25, classes: 7 });
    await expect(importWeights(other, file, everything)).rejects.toMatchObject({
      message: expect.stringMatching(
        /7 classes: "classifier.3.weight": expected \[7, 320\], received \[3, 320\]/,
      ) as string,
      next: expect.stringContaining("classifier: false") as string,
    });
  });

  it("explains why a torchvision file does not fit the article's layout", async () => {
    const article = makeNetwork({ widthMult: 0.25, layout: "article" });
    const attempt = importWeights(article, file, { includeClassifier: true, minLoaded: 0 });
    await expect(attempt).rejects.toMatchObject({
      code: "weights-invalid",
      message: expect.stringMatching(/loads 0 of 246 .* torchvision's names .* article's layout/) as string,
      next: expect.stringContaining('layout: "torchvision"') as string,
    });
  });

  it("names the first shape that differs when width or size is another", async () => {
    const wider = makeNetwork({ widthMult: 0.75 });
    await expect(importWeights(wider, file, backbone)).rejects.toThrow(
      /shapes differ, the first "features.0.0.weight": expected \[16, 3, 3, 3\], received \[8, 3, 3, 3\]/,
    );
  });

  it("refuses less than minLoaded and lists what is missing and unexpected", async () => {
    const state = goldenState(network);
    state.delete("features.0.0.weight");
    const shapes = new Map(network.parameters.map((p) => [p.name, p.shape]));
    const entries = [...state].map(([name, values]) => [name, { shape: shapes.get(name) ?? [], values }] as const);
    const extra = ["extra", { shape: [1], values: Float32Array.of(1) }] as const;
    const moment = ["optimizer.adam.m.classifier.3.bias", { shape: [3], values: new Float32Array(3) }] as const;
    const path = join(folder, "partial.safetensors");
    writeFileSync(path, writeSafetensors(new Map([...entries, extra, moment])));
    await expect(importWeights(network, path, everything)).rejects.toThrow(/loads 261 of 262/);
    const { report } = await importWeights(network, path, { includeClassifier: true, minLoaded: 0.99 });
    expect(report.missing).toEqual(["features.0.0.weight"]);
    expect(report.unexpected).toEqual(["extra"]);
    expect(report.ignored).toEqual(["optimizer.adam.m.classifier.3.bias"]);
  });
});

describe("importing Keras weights", () => {
  const small = makeNetwork({ size: "small", classes: 5 });

  it.each(["small.h5", "small.weights.h5"])("%s loads whole, with its axes turned", async (name) => {
    const { state, report } = await importWeights(small, unpack(name, folder), everything);
    expect(report.backbone.loaded).toBe(report.backbone.total);
    expect(report.loaded).toHaveLength(small.parameters.length);
    expect(report.warnings).toHaveLength(1);
    small.parameters.forEach(({ name: key, kind, shape }, p) => {
      const values = state.get(key) as Float32Array;
      const [out = 1, input = 1, height = 1, width = 1] = shape;
      expect(values).toHaveLength(elementCount(shape));
      const atOrigin = (o: number, i: number) => values[(o * input + i) * height * width];
      if (kind === "convWeight" || kind === "denseWeight") {
        expect(atOrigin(1, 2)).toBe(goldenValue(p, 2 * out + 1)); // Keras: [kh, kw, in, out]
      } else if (kind === "depthwiseWeight") {
        expect(values[height * width + 1]).toBe(goldenValue(p, out + 1)); // channel 1, second pixel of [kh, kw, C, 1]
      } else expect(values[3]).toBe(goldenValue(p, 3));
    });
  });

  it("names a Keras file that is cut in the middle", async () => {
    const cut = join(folder, "cut.h5");
    const whole = readFileSync(unpack("small.h5", folder));
    writeFileSync(cut, whole.subarray(0, Math.floor(whole.length / 2)));
    await expect(importWeights(small, cut, everything)).rejects.toMatchObject({ code: "weights-invalid" });
  });

  it.skipIf(!existsSync(keras))("refuses real Keras files of other networks, naming what they hold", async () => {
    for (const name of readdirSync(keras)) {
      await expect(importWeights(small, join(keras, name), everything)).rejects.toThrow(/loads 0 of .* other names/);
    }
  });
});
