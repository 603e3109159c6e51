// Links of the digest chain, worked by hand.
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { LockstepError } from "../../core/errors.ts";
import { checkRepeated, engineLink, FIRST_LINK, nextLink, runDigest, stateLink } from "../../core/train/chain.ts";

const predictions = { sampleIds: ["a", "b"], labels: [0, 1], predicted: [0, 1], probabilities: [] };

test("a link is the sha256 of previous link, ids, loss bits and correct count, worked by hand", () => {
  const expected = createHash("sha256")
    .update(Buffer.alloc(32))
    .update('["a","b"]\n')
    .update(Buffer.from([0, 0, 0, 0, 0, 0, 0xe0, 0x3f])) // 0.5, little-endian
    .update(Buffer.from([2, 0, 0, 0]))
    .digest("hex");
  expect(nextLink(FIRST_LINK, ["a", "b"], 0.5, 2)).toBe(expected);
});

test("whatever a link covers changes it", () => {
  const link = nextLink(FIRST_LINK, ["a", "b"], 0.5, 2);
  const others = [
    nextLink(link, ["a", "b"], 0.5, 2),
    nextLink(FIRST_LINK, ["b", "a"], 0.5, 2),
    nextLink(FIRST_LINK, ["a,b"], 0.5, 2),
    nextLink(FIRST_LINK, ["a", "b"], 0.5000000000000001, 2),
    nextLink(FIRST_LINK, ["a", "b"], 0.5, 1),
  ];
  expect(new Set([link, ...others]).size).toBe(6);
});

test("a validation follows chain and state digest of its epoch", () => {
  const expected = createHash("sha256").update(Buffer.alloc(32)).update(Buffer.alloc(32, 0x11)).digest("hex");
  expect(stateLink(FIRST_LINK, "11".repeat(32))).toBe(expected);
  expect(stateLink(FIRST_LINK, "12".repeat(32))).not.toBe(expected);
});

test("every NaN gives the same link", () => {
  const odd = new Float64Array(new BigUint64Array([0xfff80000_00000123n]).buffer)[0] as number;
  expect(nextLink(FIRST_LINK, ["a"], odd, 0)).toBe(nextLink(FIRST_LINK, ["a"], NaN, 0));
});

test("the run's digest covers chain, state and each test prediction", () => {
  const logits = [
    [1, 2],
    [3, 4],
  ];
  const digest = runDigest("00", "11", { ...predictions, logits });
  expect(runDigest("00", "11", { ...predictions, logits })).toBe(digest);
  expect(runDigest("01", "11", { ...predictions, logits })).not.toBe(digest);
  expect(runDigest("00", "12", { ...predictions, logits })).not.toBe(digest);
  expect(
    runDigest("00", "11", {
      ...predictions,
      logits: [
        [1, 2],
        [3, 4.5],
      ],
    }),
  ).not.toBe(digest);
});

test("a repeated batch that differs is named with both losses and its samples", () => {
  const link = { chain: "a", loss: 0.5, correct: 3 };
  const batch = { phase: "train", epoch: 2, batch: 7, sampleIds: ["x", "y"], link } as const;
  expect(() => checkRepeated({ ...batch, known: link })).not.toThrow();
  const differing = () => checkRepeated({ ...batch, known: { chain: "b", loss: 0.25, correct: 3 } });
  expect(differing).toThrow(LockstepError);
  expect(differing).toThrow(/train epoch 2, batch 7 .* loss 0.5 .* 0.25 .*samples x, y/);
});

test("a change of engine is the digest of the chain before it and both engines", () => {
  const hash = createHash("sha256").update(Buffer.alloc(32)).update('["portable 1","tensorflow 2"]\n');
  expect(engineLink(FIRST_LINK, { from: "portable 1", to: "tensorflow 2" })).toBe(hash.digest("hex"));
  expect(engineLink(FIRST_LINK, { from: "tensorflow 2", to: "portable 1" })).not.toBe(
    engineLink(FIRST_LINK, { from: "portable 1", to: "tensorflow 2" }),
  );
});
