import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { exportModel } from "../../../core/model/export/export-model.ts";
import { ModelProto } from "../../../core/model/export/onnx-schema.ts";
import type { Network } from "../../../core/model/network.ts";
import { readSafetensors } from "../../../core/model/weights/safetensors.ts";
import { formulaImages, formulaState } from "../formula-state.ts";
import { caseNetwork, describeCase, logitsCases } from "../golden-cases.ts";
import { runTfjs } from "./run-tfjs.ts";

const classes = ["benign", "malignant", "normal"];
const at96 = logitsCases.filter(({ imageSizePx, widthMult }) => imageSizePx === 96 && widthMult !== 0.75);

/** A Python that has what check-exports.py needs; LOCKSTEP_PYTHON names one. */
const python = [process.env.LOCKSTEP_PYTHON ?? "python3"].find(
  (name) => spawnSync(name, ["-c", "import onnx, onnxruntime, safetensors, torchvision"]).status === 0,
);

function softmax(logits: readonly number[]): number[] {
  const top = Math.max(...logits);
  const powers = logits.map((x) => Math.exp(x - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

function expectClose(received: readonly number[], expected: readonly number[]): void {
  expect(received).toHaveLength(expected.length);
  received.forEach((p, i) => expect(Math.abs(p - (expected[i] ?? NaN))).toBeLessThan(1e-5));
}

describe("exported models", () => {
  it.each(at96.map((given) => [describeCase(given), given] as const))(
    "the TensorFlow.js graph model gives torchvision's probabilities: %s",
    async (_, given) => {
      const network = caseNetwork(given);
      const files = exportModel(network, formulaState(network), { to: "tfjs", classes });
      const received = await runTfjs(files, formulaImages(given.batch, given.imageSizePx), given.imageSizePx);
      expectClose(received, given.inference.flatMap(softmax));
    },
  );

  it.skipIf(python === undefined).each([...at96.map((given) => [describeCase(given), given] as const)])(
    "safetensors loads strictly in torchvision, ONNX runs in onnxruntime, equal on 64 images: %s",
    (_, given) => {
      const network = caseNetwork(given);
      const { onnx, torchvision, metadata } = runPython(network, given.size);
      expectClose(onnx.slice(0, 4).flat(), given.inference.flatMap(softmax));
      expectClose(onnx.flat(), torchvision.flat());
      expect(JSON.parse(metadata.classes ?? "")).toEqual(classes);
    },
    60_000,
  );

  it("safetensors holds every parameter and statistic, and what it is", () => {
    const network = caseNetwork(at96[0] as (typeof at96)[number]);
    const state = formulaState(network);
    const file = exportModel(network, state, { to: "safetensors", classes }).get("model.safetensors");
    const { tensors, metadata } = readSafetensors(file as Uint8Array, "x");
    expect([...tensors.keys()]).toEqual(network.parameters.map((p) => p.name));
    expect(metadata).toMatchObject({
      family: "mobilenet-v3-large",
      widthMult: "0.5",
      classes: JSON.stringify(classes),
    });
  });

  it("ONNX names its input and outputs and each initializer once", () => {
    const network = caseNetwork(at96[0] as (typeof at96)[number]);
    const file = exportModel(network, formulaState(network), { to: "onnx", classes }).get("model.onnx");
    const { graph } = ModelProto.decode(file as Uint8Array) as unknown as {
      graph: Record<"input" | "output" | "initializer", { name: string }[]> & { node: { op_type: string }[] };
    };
    const names = (list: { name: string }[]) => list.map(({ name }) => name);
    expect([names(graph.input), names(graph.output)]).toEqual([["images"], ["logits", "probabilities"]]);
    expect(new Set(names(graph.initializer)).size).toBe(network.parameters.length + 2);
    expect(graph.node.filter((node) => node.op_type === "Conv")).toHaveLength(46 + 16); // stem, 14 expand, 15 depthwise, 15 project, last; and two for each squeeze-excite
  });

  it("names a parameter that the state lacks", () => {
    const network = caseNetwork(at96[0] as (typeof at96)[number]);
    const state = formulaState(network);
    state.delete("features.0.0.weight");
    for (const to of ["safetensors", "onnx", "tfjs"] as const) {
      expect(() => exportModel(network, state, { to, classes })).toThrow(/"features.0.0.weight" has no values/);
    }
  });
});

interface PythonAnswer {
  readonly onnx: number[][];
  readonly torchvision: number[][];
  readonly metadata: Record<string, string>;
}

function runPython(network: Network, size: string): PythonAnswer {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-export-"));
  for (const to of ["safetensors", "onnx"] as const) {
    const files = exportModel(network, formulaState(network), { to, classes });
    for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
  }
  const { imageSizePx: px } = network;
  writeFileSync(join(folder, "images.raw"), formulaImages(64, px));
  writeFileSync(join(folder, "images.json"), JSON.stringify({ shape: [64, px, px, 3] }));
  const args = ["test/model/export/check-exports.py", folder, size, String(network.widthMult), String(network.classes)];
  const { stdout, stderr } = spawnSync(python ?? "", args, { encoding: "utf8", maxBuffer: 1e8 });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as PythonAnswer;
}
