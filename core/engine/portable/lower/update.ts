// The end of a step: gradients' parts added up, their norm clipped where asked for, weights and moments updated.
import type { Optimizer } from "../../engine.ts";
import type { Buffer } from "../plan.ts";
import { weightOf, type Gradient, type Lowering } from "./lowering.ts";

const UPDATE_VECTORS = 32; // of a chunk, kernels/update.c
const DOUBLE_BYTES = 8;

export function updateChunks(vectors: number): number {
  return Math.ceil(vectors / UPDATE_VECTORS);
}

/** Adds up every gradient's parts in place. @param squares where the sums of squares of all chunks go, one double each */
export function lowerSumParts(lowering: Lowering, squaresOf: (chunks: number) => Buffer | null): void {
  for (const [name, { buffer, parts }] of lowering.gradients) {
    const { vectors } = weightOf(lowering, name).packing;
    const chunks = updateChunks(vectors);
    lowering.plan.add("sumParts", chunks, { gradient: buffer, squares: squaresOf(chunks), parts, vectors });
    lowering.plan.alongside();
  }
}

/** Sums of squares of each gradient in a buffer of its own, then one number for all. */
export function lowerClip(lowering: Lowering): void {
  const { plan, memory } = lowering;
  const counts: number[] = [];
  const gathered: Buffer[] = [];
  lowerSumParts(lowering, (chunks) => {
    counts.push(chunks);
    const squares = plan.buffer(chunks * DOUBLE_BYTES);
    gathered.push(squares);
    return squares;
  });
  plan.wait();
  gathered.forEach((squares, i) => {
    const flags = { first: i === 0 ? 1 : 0, last: i === gathered.length - 1 ? 1 : 0 };
    plan.add("clip", 1, { squares, hyper: memory.hyper, count: counts[i] as number, ...flags });
  });
  for (const [name, gradient] of lowering.gradients) lowering.gradients.set(name, { ...gradient, parts: 1 });
}

export function lowerUpdate(lowering: Lowering): void {
  const rule = updateRule(lowering.options.optimizer);
  for (const [name, gradient] of lowering.gradients) {
    lowerParameterUpdate(lowering, name, gradient, rule);
    lowering.plan.alongside();
  }
}

/** The moving averages, where they are kept, of all weights and statistics, once those are as the step leaves them. */
export function lowerAverages({ plan, memory }: Lowering): void {
  if (memory.averages === null) return;
  const { hyper } = memory.averages;
  plan.wait();
  for (const { buffer, average, packing } of memory.weights.values()) {
    if (average === null) continue;
    const { vectors } = packing;
    const update = { weight: average, gradient: buffer, first: null, second: null, hyper };
    plan.add("update", updateChunks(vectors), { ...update, rule: RULE_SGD, parts: 1, vectors });
    plan.alongside();
  }
}

function lowerParameterUpdate(lowering: Lowering, name: string, { buffer, parts }: Gradient, rule: number): void {
  const weight = weightOf(lowering, name);
  const { vectors } = weight.packing;
  const moment = (slot: string): Buffer | null => weight.moments.get(slot) ?? null;
  lowering.plan.add("update", updateChunks(vectors), {
    weight: weight.buffer,
    gradient: buffer,
    first: moment("exp_avg") ?? moment("momentum_buffer"),
    second: moment("exp_avg_sq") ?? moment("square_avg"),
    hyper: lowering.memory.hyper,
    rule,
    parts,
    vectors,
  });
}

const RULE_SGD = 1; // kernels/update.c

function updateRule(optimizer: Optimizer): number {
  if (optimizer.kind === "sgd") return optimizer.nesterov ? 2 : RULE_SGD;
  return optimizer.kind === "rmsprop" ? 3 : 0; // kernels/update.c
}
