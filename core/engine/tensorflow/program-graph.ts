// The whole graph of a program: variables, and the signatures that share them. TensorFlow runs of the graph only what a signature's
// outputs need, so that clipping, gradients and evaluation cost nothing where they are not asked for.
import { isStatistic, type BatchNormOp, type Network, type Parameter } from "../../model/network.ts";
import type { CompileOptions } from "../engine.ts";
import { averageName, optimizerSlots, slotName } from "../optimizer-slots.ts";
import { Graph, type Control, type Tensor } from "./graph.ts";
import type { LayerContext } from "./layers/layer.ts";
import { variableShape } from "./layout.ts";
import { writeClipping, writeLoss, type Loss } from "./loss.ts";
import { writeNetwork } from "./network-graph.ts";
import { STEP_SCALARS, writeUpdate, type StepScalar } from "./optimizer-graph.ts";
import * as ops from "./raw-ops.ts";
import { assignVariable, readVariable, writeVariable, type Variable } from "./variables.ts";

export type SignatureName = "assign" | "read" | "step" | "clippedStep" | "gradients" | "evaluate";

/** What goes in and comes out of one run of the session, by the names under which the host knows it. */
export interface Signature {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

export interface ProgramGraph {
  readonly graph: Graph;
  /** Weights, statistics and slots, by their names in a state. */
  readonly variables: ReadonlyMap<string, Variable>;
  readonly signatures: Partial<Record<SignatureName, Signature>>;
  /** Features that the dropout masks; null: the network has no dropout. */
  readonly dropoutFeatures: number | null;
}

export function writeProgram(network: Network, options: CompileOptions): ProgramGraph {
  const graph = new Graph();
  const trained = options.purpose === "training" ? trainedParameters(network, options) : [];
  const variables = writeVariables(graph, network, trained, options);
  const images = ops.placeholder(graph, "images", "uint8", [-1, network.imageSizePx, network.imageSizePx, 3]);
  const state = { assign: writeAssign(graph, variables), read: writeRead(graph, variables) };
  const evaluate = writeEvaluate(graph, network, variables, images);
  const dropoutFeatures = network.ops.find((op) => op.kind === "dropout")?.output.channels ?? null;
  const training =
    options.purpose === "training"
      ? writeTraining({ graph, network, options, variables, trained, images, dropoutFeatures })
      : {};
  return { graph, variables, signatures: { ...state, evaluate, ...training }, dropoutFeatures };
}

/** Parameters that the optimizer changes, in the network's order. */
function trainedParameters(network: Network, { trainable }: CompileOptions): Parameter[] {
  return network.parameters.filter((parameter) => trainable.has(parameter.name) && !isStatistic(parameter));
}

function writeVariables(
  graph: Graph,
  network: Network,
  trained: readonly Parameter[],
  { optimizer, emaDecay, purpose }: CompileOptions,
): Map<string, Variable> {
  const named = network.parameters.map((parameter) => ({ name: parameter.name, parameter }));
  const slots = optimizerSlots(optimizer).flatMap((slot) =>
    trained.map((parameter) => ({ name: slotName(slot, parameter.name), parameter })),
  );
  const averaged = purpose === "training" && emaDecay !== undefined;
  const averages = averaged ? named.map(({ name, parameter }) => ({ name: averageName(name), parameter })) : [];
  return new Map(
    [...named, ...slots, ...averages].map(
      ({ name, parameter }) => [name, writeVariable(graph, name, parameter)] as const,
    ),
  );
}

/**
 * Values are copied: what the package feeds is the array's own memory in JavaScript, which a variable would go on to use, write to, and
 * give back to V8 from one of TensorFlow's threads; that corrupts V8's heap.
 */
function writeAssign(graph: Graph, variables: ReadonlyMap<string, Variable>): Signature {
  const inputs: Record<string, Tensor> = {};
  const assigned: Control[] = [];
  for (const [name, variable] of variables) {
    const value = ops.placeholder(graph, `assign/${name}`, "float32", variableShape(variable.parameter));
    inputs[name] = value;
    assigned.push(assignVariable(graph, variable, ops.deepCopy(graph, value)));
  }
  return { inputs, outputs: { done: ops.unary(graph, "Identity", ops.scalar(graph, 1), assigned) } };
}

function writeRead(graph: Graph, variables: ReadonlyMap<string, Variable>): Signature {
  const outputs = Object.fromEntries([...variables].map(([name, variable]) => [name, readVariable(graph, variable)]));
  return { inputs: {}, outputs };
}

function writeEvaluate(
  graph: Graph,
  network: Network,
  variables: ReadonlyMap<string, Variable>,
  images: Tensor,
): Signature {
  const logits = graph.within("evaluate", () => {
    const context = layerContext(graph, variables, new Set());
    return writeNetwork(context, network, { images, dropoutMask: null }, () => false).logits;
  });
  return { inputs: { images }, outputs: { logits } };
}

interface Training {
  readonly graph: Graph;
  readonly network: Network;
  readonly options: CompileOptions;
  readonly variables: ReadonlyMap<string, Variable>;
  readonly trained: readonly Parameter[];
  readonly images: Tensor;
  readonly dropoutFeatures: number | null;
}

function writeTraining(training: Training): Partial<Record<SignatureName, Signature>> {
  const { graph, network, options, variables, trained, images, dropoutFeatures } = training;
  const dropoutMask =
    dropoutFeatures === null ? null : ops.placeholder(graph, "dropoutMask", "float32", [-1, dropoutFeatures]);
  const targets = ops.placeholder(graph, "targets", "float32", [-1, network.classes]);
  const sampleWeights = ops.placeholder(graph, "sampleWeights", "float32", [-1]);
  const batch = { images, targets, sampleWeights, ...(dropoutMask === null ? {} : { dropoutMask }) };

  const context = layerContext(graph, variables, new Set(trained.map(({ name }) => name)));
  const loss = graph.within("train", () => {
    const usesBatch = (op: BatchNormOp) => options.frozenBatchNorm === "update" || context.trains(op.weight);
    const forward = writeNetwork(context, network, { images, dropoutMask }, usesBatch);
    const written = writeLoss(graph, forward.logits, { targets, sampleWeights });
    forward.backward(written.gradient);
    return written;
  });
  const step = graph.within("update", () => writeSteps(training, context, loss));
  const gradients = { inputs: batch, outputs: { loss: loss.value, ...prefixed(context.gradients) } };
  return {
    step: { inputs: { ...batch, ...step.scalars }, outputs: step.plain },
    clippedStep: { inputs: { ...batch, ...step.scalars }, outputs: step.clipped },
    gradients,
  };
}

/** Outputs of the gradients signature are named apart from the loss. */
export const GRADIENT_PREFIX = "gradient:";

function prefixed(gradients: ReadonlyMap<string, Tensor>): Record<string, Tensor> {
  return Object.fromEntries([...gradients].map(([name, tensor]) => [GRADIENT_PREFIX + name, tensor]));
}

/** The step with and without clipping: loss and logits, after every update and every new statistic is in place. */
function writeSteps({ graph, options, variables, trained, network }: Training, context: WrittenContext, loss: Loss) {
  const scalars = Object.fromEntries(
    STEP_SCALARS.map((name) => [name, ops.placeholder(graph, name, "float32", [])]),
  ) as Record<StepScalar, Tensor>;
  const statistics = [...context.statistics].map(([name, value]) =>
    assignVariable(graph, variableOf(variables, name), value),
  );
  const update = (gradients: ReadonlyMap<string, Tensor>) => {
    const updates = trained.flatMap(({ name }) => {
      const gradient = gradients.get(name);
      if (gradient === undefined) return [];
      const slots = optimizerSlots(options.optimizer).map((slot) => variableOf(variables, slotName(slot, name)));
      const spec = {
        graph,
        variable: variableOf(variables, name),
        value: context.read(name),
        gradient,
        slots,
        scalars,
      };
      return [writeUpdate(options.optimizer, spec)];
    });
    const updated = [...updates, ...statistics];
    const after = [...updated, ...writeAverages({ graph, options, variables, network }, updated)];
    const named = (tensor: Tensor) => ops.unary(graph, "Identity", tensor, after);
    return { loss: named(loss.value), logits: named(loss.logits) };
  };
  const clipped = writeClipping(graph, context.gradients, scalars.clipNorm);
  return { scalars, plain: update(context.gradients), clipped: update(clipped) };
}

/** average + (1 - decay) * (value - average) of every weight and statistic, where averages are kept. @param after the step's updates */
function writeAverages(
  { graph, options, variables, network }: Pick<Training, "graph" | "options" | "variables" | "network">,
  after: readonly Control[],
): Control[] {
  if (options.emaDecay === undefined) return [];
  const rest = ops.scalar(graph, 1 - options.emaDecay);
  return network.parameters.map(({ name }) => {
    const average = variableOf(variables, averageName(name));
    const before = readVariable(graph, average);
    const apart = ops.binary(graph, "Sub", readVariable(graph, variableOf(variables, name), after), before);
    return assignVariable(graph, average, ops.binary(graph, "AddV2", before, ops.binary(graph, "Mul", apart, rest)));
  });
}

interface WrittenContext extends LayerContext {
  readonly gradients: ReadonlyMap<string, Tensor>;
  readonly statistics: ReadonlyMap<string, Tensor>;
}

function layerContext(
  graph: Graph,
  variables: ReadonlyMap<string, Variable>,
  trained: ReadonlySet<string>,
): WrittenContext {
  const reads = new Map<string, Tensor>();
  const gradients = new Map<string, Tensor>();
  const statistics = new Map<string, Tensor>();
  const read = (name: string) => {
    const value = reads.get(name) ?? readVariable(graph, variableOf(variables, name));
    reads.set(name, value);
    return value;
  };
  return {
    graph,
    read,
    trains: (name) => trained.has(name),
    setGradient: (name, gradient) => gradients.set(name, gradient),
    setStatistic: (name, value) => statistics.set(name, value),
    gradients,
    statistics,
  };
}

function variableOf(variables: ReadonlyMap<string, Variable>, name: string): Variable {
  const variable = variables.get(name);
  if (variable === undefined) throw new TypeError(`network: an op reads "${name}", which is not among its parameters`);
  return variable;
}
