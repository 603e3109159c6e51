import { expect, test } from "vitest";
import { resolveSettings } from "../../core/experiment/resolve.ts";
import type { SettingsInput } from "../../core/experiment/settings.ts";
import { epochsOf, isOver } from "../../core/train/early-stopping.ts";

const LOSSES = [1, 0.8, 0.79, 0.9, 0.85, 0.7, 0.75, 0.75, 0.75];

function epochsWith(input: SettingsInput, losses = LOSSES): number {
  return epochsOf(resolveSettings({ epochs: 9, ...input }), losses);
}

test("without early stopping all epochs are trained", () => {
  expect(epochsWith({})).toBe(9);
  expect(isOver(resolveSettings({ epochs: 9 }), LOSSES.slice(0, 8))).toBe(false);
  expect(isOver(resolveSettings({ epochs: 9 }), LOSSES)).toBe(true);
});

test("the training ends after `patience` epochs without a better loss", () => {
  expect(epochsWith({ earlyStopping: { patience: 1 } })).toBe(4);
  expect(epochsWith({ earlyStopping: { patience: 2 } })).toBe(5);
  expect(epochsWith({ earlyStopping: { patience: 3 } })).toBe(9);
});

test("a loss that is better by minDelta or less counts as none", () => {
  expect(epochsWith({ earlyStopping: { patience: 2, minDelta: 0.05 } })).toBe(4);
  expect(epochsWith({ earlyStopping: { patience: 1 } }, [1, 1])).toBe(2);
});

test("a stage of the freeze schedule is never cut short by the losses of an earlier one", () => {
  const freeze = [{ epochs: 5, part: "backbone" as const }, { part: "none" as const }];
  expect(epochsWith({ freeze, earlyStopping: { patience: 1 } })).toBe(7);
  expect(epochsWith({ freeze, earlyStopping: { patience: 1 } }, [1, 2, 3, 4, 5, 6, 7])).toBe(7);
});
