// Grad-CAM against autograd in float64 (test/golden/model-torch.py), on the engine's own maps; and that the maps are what the head reads.
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { createPortableEngine } from "../../../core/engine/portable/index.ts";
import { gradCam } from "../../../core/model/grad-cam.ts";
import { caseNetwork, describeCase, type GradientCase } from "../../model/golden-cases.ts";
import { formulaImages, formulaState } from "../../model/formula-state.ts";

type CamCase = GradientCase & { readonly cams: readonly (readonly number[])[] };
const { cases } = JSON.parse(readFileSync("test/golden/model-grad-cam.json", "utf8")) as { cases: CamCase[] };

const engine = await createPortableEngine({ threads: 2 });
afterAll(() => engine.close());

describe.each(cases.map((one) => [describeCase(one), one] as const))("%s", (_name, one) => {
  const network = caseNetwork(one);
  const state = formulaState(network);
  const images = formulaImages(one.batch, one.imageSizePx);
  const options = { batchSize: 4, frozenBatchNorm: "inference", purpose: "inference" } as const;
  const optimizer = { kind: "sgd", momentum: 0, nesterov: false, weightDecay: 0 } as const;

  it("is PyTorch's within 0.02 of the largest value", async () => {
    const program = await engine.compile(network, { ...options, optimizer, trainable: new Set() });
    await program.load(state);
    const found = await program.featureMaps?.(images);
    if (found === undefined) throw new Error("no maps");
    const numbers = found.heightPx * found.widthPx * found.channels;
    one.cams.forEach((expected, b) => {
      const map = found.maps.subarray(b * numbers, (b + 1) * numbers);
      const cam = gradCam({ network, state, map, classIndex: b % 3 });
      expect(cam).toHaveLength(expected.length);
      const error = Math.max(...expected.map((value, i) => Math.abs(value - (cam[i] as number))));
      expect(error).toBeLessThan(0.02);
    });
    program.dispose();
  });

  it("reads the maps whose means are the frozen features", async () => {
    const classifier = new Set(
      network.parameters.map(({ name }) => name).filter((name) => name.startsWith("classifier")),
    );
    const program = await engine.compile(network, {
      ...options,
      optimizer,
      trainable: classifier,
      purpose: "training",
    });
    await program.load(state);
    const features = (await program.frozenFeatures?.compute(images)) as Float32Array;
    const { maps, channels, ...size } = (await program.featureMaps?.(images)) ?? expect.fail("no maps");
    const rows = size.heightPx * size.widthPx;
    for (let i = 0; i < one.batch * channels; i += 7) {
      const [b, c] = [Math.floor(i / channels), i % channels];
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += maps[(b * rows + row) * channels + c] as number;
      expect(Math.abs(sum / rows - (features[i] as number))).toBeLessThan(1e-5 * (1 + Math.abs(sum / rows)));
    }
    program.dispose();
  });
});
