// The graph as data, without TensorFlow: how it is encoded, what a frozen part leaves out, and layouts.
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import protobuf from "protobufjs";
import { describe, expect, it } from "vitest";
import { writeSavedModel } from "../../../core/engine/tensorflow/index.ts";
import { fromVariable, toVariable, variableShape } from "../../../core/engine/tensorflow/layout.ts";
import { writeProgram, type ProgramGraph } from "../../../core/engine/tensorflow/program-graph.ts";
import { encodeSavedModel } from "../../../core/engine/tensorflow/saved-model.ts";
import { trainableParameters, type Freeze } from "../../../core/model/freeze.ts";
import type { Parameter } from "../../../core/model/network.ts";
import { formulaState } from "../../model/formula-state.ts";
import { ADAM, smallNetwork } from "./cases.ts";

const network = smallNetwork();

function program(freeze: Freeze, frozenBatchNorm: "inference" | "update" = "inference"): ProgramGraph {
  const trainable = trainableParameters(network, freeze);
  return writeProgram(network, { batchSize: 4, trainable, frozenBatchNorm, optimizer: ADAM, purpose: "training" });
}

function countOps(graph: ProgramGraph, op: string): number {
  return graph.graph.nodes.filter((node) => node.op === op).length;
}

describe("a program's graph", () => {
  it("names every node once, after its inputs", () => {
    const seen = new Set<string>();
    for (const node of program("none").graph.nodes) {
      for (const input of node.input)
        expect(seen.has(input.replace(/^\^|:\d+$/g, "")), `${node.name} < ${input}`).toBe(true);
      expect(seen.has(node.name), node.name).toBe(false);
      seen.add(node.name);
    }
  });

  it("has no backward through a frozen backbone, and keeps no moments for it", () => {
    const graph = program("backbone");
    for (const op of ["Conv2DBackpropInput", "Conv2DBackpropFilter", "FusedBatchNormGradV3"])
      expect(countOps(graph, op)).toBe(0);
    expect(Object.keys(graph.signatures.gradients?.outputs ?? {})).toHaveLength(1 + 4); // the loss and two dense layers
    expect([...graph.variables.keys()].filter((name) => name.startsWith("optimizer."))).toHaveLength(8);
  });

  it("has data gradients but no weight gradients in frozen blocks before which the stem trains", () => {
    const graph = program("blocks");
    const gradients = Object.keys(graph.signatures.gradients?.outputs ?? {}).filter((name) =>
      name.includes("features."),
    );
    const convolutions = gradients.filter((name) => name.endsWith(".0.weight"));
    expect(convolutions.sort()).toEqual(["gradient:features.0.0.weight", "gradient:features.12.0.weight"]); // stem and last one
    expect(countOps(graph, "Conv2DBackpropFilter")).toBe(1); // the last convolution's is a matrix product
    expect(countOps(graph, "DepthwiseConv2dNativeBackpropFilter")).toBe(0);
    expect(countOps(graph, "DepthwiseConv2dNativeBackpropInput")).toBe(11);
  });

  it("assigns statistics only where a batch-norm uses the batch", () => {
    const assigned = (graph: ProgramGraph) => countOps(graph, "AssignVariableOp") - graph.variables.size;
    const norms = network.ops.filter((op) => op.kind === "batchNorm").length;
    expect(assigned(program("none"))).toBe(2 * norms);
    expect(assigned(program("backbone"))).toBe(0);
    expect(assigned(program("backbone", "update"))).toBe(2 * norms);
  });

  it("is read back from its bytes as it was written", () => {
    const { graph, signatures } = program("none");
    const root = protobuf.parse(readFileSync("core/engine/tensorflow/tensorflow.proto", "utf8")).root;
    const decoded = root.lookupType("tensorflow.SavedModel").decode(encodeSavedModel(graph, signatures)).toJSON() as {
      metaGraphs: { graphDef: { node: { name: string; op: string; input?: string[] }[] }; signatureDef: object }[];
    };
    const [meta] = decoded.metaGraphs;
    expect(meta?.graphDef.node.map(({ name, op, input = [] }) => ({ name, op, input }))).toEqual(
      graph.nodes.map(({ name, op, input }) => ({ name, op, input })),
    );
    expect(Object.keys(meta?.signatureDef ?? {}).sort()).toEqual(Object.keys(signatures).sort());
  });
});

describe("layouts", () => {
  it.each([
    ["convWeight", [2, 3, 1, 2], [1, 2, 3, 2]],
    ["depthwiseWeight", [4, 1, 3, 3], [3, 3, 4, 1]],
    ["denseWeight", [2, 5], [2, 5]],
  ] as const)("%s goes into its variable and back", (kind, shape, inVariable) => {
    const parameter: Parameter = { name: "weight", kind, shape, part: { kind: "stem" } };
    const count = shape.reduce((product: number, size) => product * size, 1);
    const values = Float32Array.from({ length: count }, (_, i) => i);
    expect(variableShape(parameter)).toEqual(inVariable);
    expect(fromVariable(parameter, toVariable(parameter, values))).toEqual(values);
  });

  it("puts the output channel of a convolution last", () => {
    const parameter: Parameter = { name: "weight", kind: "convWeight", shape: [2, 3, 1, 1], part: { kind: "stem" } };
    expect([...toVariable(parameter, Float32Array.of(0, 1, 2, 10, 11, 12))]).toEqual([0, 10, 1, 11, 2, 12]);
  });
});

describe("a network that cannot be written", () => {
  it("refuses a state that lacks a parameter, and names it", async () => {
    const state = formulaState(network);
    state.delete("classifier.3.bias");
    const folder = mkdtempSync(join(tmpdir(), "lockstep-export-"));
    await expect(writeSavedModel(network, state, folder)).rejects.toThrow(
      '"classifier.3.bias" has no values, expected 3',
    );
  });
});
