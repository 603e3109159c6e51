// The resource variables that a session keeps: one for each parameter and statistic, one for each optimizer slot of a trainable
// parameter, and where they are asked for one for each moving average.
import type { Parameter } from "../../model/network.ts";
import { shapeOf, text, typeOf, type Control, type Graph, type Tensor } from "./graph.ts";
import { variableShape } from "./layout.ts";

export interface Variable {
  /** Name of its values in a state. */
  readonly name: string;
  /** The parameter itself, or the one whose slot or average it is: all have the same shape. */
  readonly parameter: Parameter;
  readonly handle: Tensor;
}

export function writeVariable(graph: Graph, name: string, parameter: Parameter): Variable {
  const shape = { shape: shapeOf(variableShape(parameter)) };
  const attributes = { dtype: typeOf("float32"), shape, shared_name: text(name), container: text("") };
  const handle = graph.one({ op: "VarHandleOp", name: `variable/${name}`, attributes, outputs: ["resource"] });
  return { name, parameter, handle };
}

/** The variable's value at the time when this node runs. */
export function readVariable(graph: Graph, variable: Variable, after: readonly Control[] = []): Tensor {
  return graph.one({
    op: "ReadVariableOp",
    inputs: [variable.handle],
    after,
    attributes: { dtype: typeOf("float32") },
  });
}

export function assignVariable(
  graph: Graph,
  variable: Variable,
  value: Tensor,
  after: readonly Control[] = [],
): Control {
  const attributes = { dtype: typeOf("float32"), validate_shape: { b: true } };
  return graph.effect({ op: "AssignVariableOp", inputs: [variable.handle, value], after, attributes });
}
