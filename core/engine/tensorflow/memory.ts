// An estimate of a program's memory: TensorFlow allocates as it goes and gives no number. It counts the variables, and of a training
// step the gradients and every value that forward keeps for backward, in float32; of an evaluation the two largest neighbours.
import { elementCount, type Network, type ValueShape } from "../../model/network.ts";
import type { CompileOptions } from "../engine.ts";
import { pixelCount } from "./layers/layer.ts";
import type { ProgramGraph } from "./program-graph.ts";

const FLOAT_BYTES = 4;

export function programBytes(
  network: Network,
  { purpose, batchSize, trainable }: CompileOptions,
  graph: ProgramGraph,
): number {
  let elements = 0;
  for (const { parameter } of graph.variables.values()) elements += elementCount(parameter.shape);
  const values = network.ops.map((op) => batchSize * valueCount(op.output));
  if (purpose === "inference") return FLOAT_BYTES * (elements + 2 * Math.max(...values));
  for (const { name, shape } of network.parameters) if (trainable.has(name)) elements += elementCount(shape);
  return FLOAT_BYTES * values.reduce((sum, count) => sum + count, elements);
}

function valueCount(shape: ValueShape): number {
  return shape.channels * pixelCount(shape);
}
