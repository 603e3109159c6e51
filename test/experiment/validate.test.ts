import { describe, expect, it } from "vitest";
import { parseAssignments } from "../../core/experiment/assignments.ts";
import { validateExperiment } from "../../core/experiment/validate.ts";

const valid = { name: "example", data: { kind: "phantom" }, positiveClass: "malignant" };
const check = (changes: object) => () => validateExperiment({ ...valid, ...changes }, "mine.ts");

describe("validateExperiment", () => {
  it("accepts an experiment without variants", () => {
    expect(check({})).not.toThrow();
  });

  it.each([
    [
      { variants: { frozen: { learning_rate: 1 } } },
      'mine.ts: variant "frozen": unknown key "learning_rate". Did you mean "lr"?',
    ],
    [{ positivClass: "x" }, 'unknown key "positivClass". Did you mean "positiveClass"?'],
    [{ base: { batchSize: 0 } }, "mine.ts: base.batchSize: expected at least 1, received 0."],
    [{ base: { epochs: 2.5 } }, "base.epochs: expected a whole number, received 2.5."],
    [{ base: { lr: "fast" } }, 'base.lr: expected a value of type number, received "fast".'],
    [{ base: { freeze: "backbon" } }, 'base.freeze: expected "none" or "backbone" or "blocks", received "backbon".'],
    [{ split: { train: 0.5, val: 0.1, test: 0.1 } }, "train, val and test must sum to 1"],
    [
      { base: { evaluation: { kind: "centerCrop", fraction: 1.5 } } },
      'base.evaluation: expected resize() or centerCrop({ fraction: 0.875 }) with a fraction above 0, at most 1, received {"kind":"centerCrop","fraction":1.5}.',
    ],
    [{ base: { evaluation: "crop" } }, "base.evaluation: expected resize() or centerCrop"],
    [{ seeds: [] }, "seeds: expected at least one value"],
    [{ positiveClass: undefined }, "positiveClass: expected a value of type string, received nothing."],
  ])("says what is wrong with %j", (changes, message) => {
    expect(check(changes)).toThrow(message);
  });
});

describe("parseAssignments", () => {
  it.each([
    [
      'schedule={"kind":"plateau","patients":1}',
      '--set schedule={"kind":"plateau","patients":1}: schedule: unknown key "patients". Did you mean "patience"?',
    ],
    ["emaDecay=1", "--set emaDecay=1: emaDecay: expected less than 1, received 1."],
    ["lr=abc", '--set lr=abc: lr: expected a value of type number, received "abc".'],
    ["batchSize=0", "--set batchSize=0: batchSize: expected at least 1, received 0."],
    ["learningRate=1", 'unknown key "learningRate". Did you mean "lr"?'],
    ["lr", "--set lr: expected key=value."],
  ])("refuses --set %s", (assignment, message) => {
    expect(() => parseAssignments([assignment])).toThrow(message);
  });

  it("reads JSON values, words and inner keys", () => {
    expect(parseAssignments(["optimizer=adamw", "lr=3e-4", "batchNorm.eps=1e-5"])).toEqual({
      optimizer: "adamw",
      lr: 3e-4,
      batchNorm: { eps: 1e-5 },
    });
  });
});
