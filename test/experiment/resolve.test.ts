import { expect, it } from "vitest";
import { centerCrop, resize } from "../../core/data/evaluation-view.ts";
import { resolveSettings } from "../../core/experiment/resolve.ts";

it("an optimizer given in part has PyTorch's defaults for the rest", () => {
  const { optimizer } = resolveSettings({ optimizer: { kind: "sgd", nesterov: true }, weightDecay: 0.1 });
  expect(optimizer).toEqual({ kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.1 });
  expect(resolveSettings({ optimizer: "adamw" }).optimizer).toMatchObject({ kind: "adamw", weightDecay: 0.01 });
});

it("a schedule given in part has its defaults for the rest", () => {
  const { schedule } = resolveSettings({ schedule: { kind: "plateau", patience: 3 } });
  const rest = { factor: 0.1, threshold: 1e-4, cooldownEpochs: 0, minLr: 0, warmupEpochs: 0 };
  expect(schedule).toEqual({ kind: "plateau", patience: 3, ...rest });
  expect(resolveSettings({ schedule: "cosine" }).schedule).toEqual({ kind: "cosine", finalLr: 0, warmupEpochs: 0 });
});

it("the default view of validation is not in the settings, so that older runs keep their hash; a crop is", () => {
  expect(Object.keys(resolveSettings({ evaluation: resize() }))).toEqual(Object.keys(resolveSettings({})));
  expect(Object.keys(resolveSettings({}))).not.toContain("evaluation");
  expect(resolveSettings({ evaluation: centerCrop() })).toMatchObject({
    evaluation: { kind: "centerCrop", fraction: 0.875 },
    storeSizePx: 111,
  });
  expect(resolveSettings({ evaluation: centerCrop({ fraction: 0.5 }) }).storeSizePx).toBe(192);
  expect(() => centerCrop({ fraction: 0 })).toThrow("centerCrop: fraction is 0, expected above 0, at most 1");
});

it("what is not asked for is null, so that it is hashed and stored too", () => {
  expect(resolveSettings({})).toMatchObject({
    classWeights: null,
    emaDecay: null,
    earlyStopping: null,
    clipNorm: null,
  });
  expect(resolveSettings({ earlyStopping: { patience: 3 } }).earlyStopping).toEqual({ patience: 3, minDelta: 0 });
});
