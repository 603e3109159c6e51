// The optimizer's update of one parameter, as PyTorch computes it. TensorFlow's fused updates serve where they can be made equal:
// ResourceApplyAdam adds epsilon to sqrt(v), PyTorch to sqrt(v) / sqrt(1 - beta2^t), so epsilon times sqrt(1 - beta2^t) goes in.
import { pow } from "../../exact-math.ts";
import type { Optimizer, StepSettings } from "../engine.ts";
import { typeOf, type Control, type Graph, type Tensor } from "./graph.ts";
import * as ops from "./raw-ops.ts";
import { assignVariable, readVariable, type Variable } from "./variables.ts";

/** Scalars that change from step to step; each is an input of the step's signature. */
export const STEP_SCALARS = ["lr", "beta1Power", "beta2Power", "epsilon", "clipNorm"] as const;
export type StepScalar = (typeof STEP_SCALARS)[number];

/** Their values for one step; those that the optimizer does not have are 0 and not read. */
export function stepScalars(optimizer: Optimizer, { lr, step, clipNorm }: StepSettings): Record<StepScalar, number> {
  const values = { lr, beta1Power: 0, beta2Power: 0, epsilon: 0, clipNorm: clipNorm ?? 0 };
  if (optimizer.kind !== "adam" && optimizer.kind !== "adamw") return values;
  const beta2Power = pow(optimizer.beta2, step);
  const epsilon = optimizer.eps * Math.sqrt(1 - beta2Power);
  return { ...values, beta1Power: pow(optimizer.beta1, step), beta2Power, epsilon };
}

export interface Update {
  readonly graph: Graph;
  readonly variable: Variable;
  /** The parameter before the step. */
  readonly value: Tensor;
  readonly gradient: Tensor;
  /** In the order of `optimizerSlots`. */
  readonly slots: readonly Variable[];
  readonly scalars: Readonly<Record<StepScalar, Tensor>>;
}

/** Writes the update of one parameter and its slots. */
export function writeUpdate(optimizer: Optimizer, update: Update): Control {
  switch (optimizer.kind) {
    case "adam":
      return writeAdam(optimizer, withDecay(optimizer, update), []);
    case "adamw":
      return writeAdam(optimizer, update, optimizer.weightDecay === 0 ? [] : [writeDecay(optimizer, update)]);
    case "sgd":
      return writeSgd(optimizer, withDecay(optimizer, update));
    case "rmsprop":
      return writeRmsprop(optimizer, withDecay(optimizer, update));
  }
}

/** Weight decay as part of the gradient: gradient + weightDecay * value. */
function withDecay({ weightDecay }: Optimizer, update: Update): Update {
  if (weightDecay === 0) return update;
  const { graph, value } = update;
  const decay = ops.binary(graph, "Mul", value, ops.scalar(graph, weightDecay));
  return { ...update, gradient: ops.binary(graph, "AddV2", update.gradient, decay) };
}

type Adam = Extract<Optimizer, { kind: "adam" | "adamw" }>;
type Sgd = Extract<Optimizer, { kind: "sgd" }>;
type Rmsprop = Extract<Optimizer, { kind: "rmsprop" }>;

/** Kingma and Ba 2015. */
function writeAdam(optimizer: Adam, update: Update, after: readonly Control[]): Control {
  const { graph, variable, gradient, slots, scalars } = update;
  const { lr, beta1Power, beta2Power, epsilon } = scalars;
  const betas = [ops.scalar(graph, optimizer.beta1), ops.scalar(graph, optimizer.beta2)];
  const handles = [variable, ...slots].map(({ handle }) => handle);
  const inputs = [...handles, beta1Power, beta2Power, lr, ...betas, epsilon, gradient];
  const attributes = { T: typeOf("float32"), use_locking: { b: false }, use_nesterov: { b: false } };
  return graph.effect({ op: "ResourceApplyAdam", inputs, after, attributes });
}

/** AdamW's decay stands beside the gradient (Loshchilov and Hutter 2019): value - lr * weightDecay * value, before Adam's step. */
function writeDecay({ weightDecay }: Adam, { graph, variable, value, scalars }: Update): Control {
  const share = ops.binary(graph, "Mul", scalars.lr, ops.scalar(graph, weightDecay));
  const inputs = [variable.handle, ops.binary(graph, "Mul", value, share)];
  return graph.effect({ op: "AssignSubVariableOp", inputs, attributes: { dtype: typeOf("float32") } });
}

function writeSgd(optimizer: Sgd, { graph, variable, gradient, slots, scalars }: Update): Control {
  const attributes = { T: typeOf("float32"), use_locking: { b: false } };
  const [buffer] = slots;
  if (buffer === undefined) {
    const inputs = [variable.handle, scalars.lr, gradient];
    return graph.effect({ op: "ResourceApplyGradientDescent", inputs, attributes });
  }
  const inputs = [variable.handle, buffer.handle, scalars.lr, gradient, ops.scalar(graph, optimizer.momentum)];
  const use_nesterov = { b: optimizer.nesterov };
  return graph.effect({ op: "ResourceApplyMomentum", inputs, attributes: { ...attributes, use_nesterov } });
}

/** PyTorch's, whose epsilon is added to the root: TensorFlow's fused one has it under the root. */
function writeRmsprop(optimizer: Rmsprop, { graph, variable, value, gradient, slots, scalars }: Update): Control {
  const [average, buffer] = slots as [Variable, Variable | undefined];
  const times = (x: Tensor, factor: number) => ops.binary(graph, "Mul", x, ops.scalar(graph, factor));
  const plus = (a: Tensor, b: Tensor) => ops.binary(graph, "AddV2", a, b);
  const { alpha, momentum } = optimizer;
  const square = times(ops.unary(graph, "Square", gradient), 1 - alpha);
  const mean = plus(times(readVariable(graph, average), alpha), square);
  const root = ops.binary(graph, "AddV2", ops.unary(graph, "Sqrt", mean), ops.scalar(graph, optimizer.eps));
  const direction = ops.binary(graph, "RealDiv", gradient, root);
  const velocity = buffer === undefined ? direction : plus(times(readVariable(graph, buffer), momentum), direction);
  const next = ops.binary(graph, "Sub", value, ops.binary(graph, "Mul", velocity, scalars.lr));
  const writes = [assignVariable(graph, average, mean)];
  if (buffer !== undefined) writes.push(assignVariable(graph, buffer, velocity));
  return assignVariable(graph, variable, next, writes);
}
