import { describe, expect, it } from "vitest";
import { digestOf, stateDigest } from "../../core/model/digest.ts";
import { frozenNames, trainableParameters, type Freeze } from "../../core/model/freeze.ts";
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";

const network = mobilenetV3({
  size: "large",
  layout: "torchvision",
  widthMult: 1,
  classes: 2,
  imageSizePx: 96,
  dropout: 0.2,
  batchNorm: { eps: 1e-3, momentum: 0.1 },
});
const CLASSIFIER = ["classifier.0.weight", "classifier.0.bias", "classifier.3.weight", "classifier.3.bias"];

/** First two parts of the names that train: "features.3", "classifier.0". */
const parts = (freeze: Freeze) => [
  ...new Set([...trainableParameters(network, freeze)].map((n) => n.split(".").slice(0, 2).join("."))),
];

describe("freeze", () => {
  it("'none' trains everything but statistics", () => {
    const trainable = trainableParameters(network, "none");
    expect(trainable.size).toBe(174); // torchvision's list(model.parameters())
    expect([...trainable].filter((name) => name.includes("running"))).toEqual([]);
  });

  it("'backbone' trains the classifier alone", () => {
    expect([...trainableParameters(network, "backbone")]).toEqual(CLASSIFIER);
  });

  it("'blocks' trains stem, last convolution and classifier", () => {
    expect(parts("blocks")).toEqual(["features.0", "features.16", "classifier.0", "classifier.3"]);
  });

  it("{ upTo: n } freezes the stem and the first n blocks", () => {
    expect(parts({ upTo: 14 })).toEqual(["features.15", "features.16", "classifier.0", "classifier.3"]);
    expect(parts({ upTo: 0 })).toHaveLength(18);
    for (const upTo of [-1, 16, 1.5]) expect(() => trainableParameters(network, { upTo })).toThrow(/from 0 to 15/);
  });

  it("splits all parameters into trainable, frozen and the statistics of what trains", () => {
    const frozen = new Set(frozenNames(network, "blocks"));
    const trainable = trainableParameters(network, "blocks");
    const rest = network.parameters.filter((p) => !frozen.has(p.name) && !trainable.has(p.name));
    expect([...frozen].filter((name) => trainable.has(name))).toEqual([]);
    expect(rest.map((p) => p.name)).toEqual([
      "features.0.1.running_mean",
      "features.0.1.running_var",
      "features.16.1.running_mean",
      "features.16.1.running_var",
    ]);
  });
});

describe("state digest", () => {
  const state = new Map([
    ["b", Float32Array.of(1, -0, 3)],
    ["a", Float32Array.of(0.5)],
  ]);

  it("does not depend on the order of the names, but on names, bits and lengths", async () => {
    expect(await digestOf(state, ["a", "b"])).toBe(await stateDigest(state));
    expect(await stateDigest(new Map([...state].reverse()))).toBe(await stateDigest(state));
    expect(await stateDigest(new Map([...state, ["b", Float32Array.of(1, 0, 3)]]))).not.toBe(await stateDigest(state));
    expect(await digestOf(state, ["a"])).not.toBe(await stateDigest(state));
  });

  it("is the sha256 of names and little-endian bits, as worked out with Python's hashlib", async () => {
    // hashlib.sha256(b'"a" 1\n' + struct.pack("<f", 0.5) + b'"b" 3\n' + struct.pack("<3f", 1, -0.0, 3)).hexdigest()
    expect(await stateDigest(state)).toBe("66900e6880a1216e118638305b0b898f510b2ed5a378404d0ea7d5b636dc0f1e");
  });

  it("takes every NaN for the same one and leaves the state as it is", async () => {
    const withNaN = (bits: number) => new Map([["a", new Float32Array(Uint32Array.of(bits, 7).buffer)]]);
    const signalling = withNaN(0xffc12345);
    expect(await stateDigest(signalling)).toBe(await stateDigest(withNaN(0x7fc00000)));
    expect(new Uint32Array((signalling.get("a") as Float32Array).buffer)[1]).toBe(7);
  });
});
