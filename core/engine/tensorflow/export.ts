// A trained network as a SavedModel for inference: weights are constants in the graph, so that the one file is the whole model.
import { join } from "node:path";
import { LockstepError } from "../../errors.ts";
import { elementCount, type Network, type Parameter, type State } from "../../model/network.ts";
import { Graph, type Tensor } from "./graph.ts";
import { toVariable, variableShape } from "./layout.ts";
import { writeNetwork } from "./network-graph.ts";
import * as ops from "./raw-ops.ts";
import { writeModelFile } from "./saved-model.ts";

/**
 * Writes `folder/saved_model.pb`, which TensorFlow (Python, C++, Serving) loads: signature "serving_default",
 * images uint8 [B, H, W, 3] to logits and probabilities float32 [B, K]. Needs no TensorFlow here.
 * @returns path of the file
 */
export async function writeSavedModel(network: Network, state: State, folder: string): Promise<string> {
  const graph = new Graph();
  const images = ops.placeholder(graph, "images", "uint8", [-1, network.imageSizePx, network.imageSizePx, 3]);
  const parameters = new Map(network.parameters.map((parameter) => [parameter.name, parameter]));
  const context = {
    graph,
    read: (name: string) => weight(graph, parameters.get(name), state.get(name)),
    trains: () => false,
    setGradient: () => undefined,
    setStatistic: () => undefined,
  };
  const { logits } = writeNetwork(context, network, { images, dropoutMask: null }, () => false);
  const outputs = { logits, probabilities: ops.unary(graph, "Softmax", logits) };
  await writeModelFile(folder, graph, { serving_default: { inputs: { images }, outputs } });
  return join(folder, "saved_model.pb");
}

function weight(graph: Graph, parameter: Parameter | undefined, values: Float32Array | undefined): Tensor {
  if (parameter === undefined) throw new TypeError("network: an op reads a parameter that is not listed");
  if (values?.length === elementCount(parameter.shape)) {
    return ops.constant(graph, toVariable(parameter, values), variableShape(parameter));
  }
  throw new LockstepError({
    code: "weights-invalid",
    message: `state: "${parameter.name}" has ${values?.length ?? "no"} values, expected ${elementCount(parameter.shape)}`,
    next: "Export a state that was made for this network.",
  });
}
