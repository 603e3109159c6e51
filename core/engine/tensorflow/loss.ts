// The loss sum(weight * cross-entropy) / sum(weight), its gradient by the logits, and clipping of all gradients by their norm.
import type { Graph, Tensor } from "./graph.ts";
import * as ops from "./raw-ops.ts";

export interface Loss {
  /** float32 [] */
  readonly value: Tensor;
  /** float32 [B, K] */
  readonly logits: Tensor;
  /** By the logits, float32 [B, K]. */
  readonly gradient: Tensor;
}

/** @param targets float32 [B, K] @param sampleWeights float32 [B] */
export function writeLoss(
  graph: Graph,
  logits: Tensor,
  { targets, sampleWeights }: { targets: Tensor; sampleWeights: Tensor },
): Loss {
  const [losses, apart] = ops.softmaxCrossEntropy(graph, logits, targets) as [Tensor, Tensor]; // [B], [B, K]
  const gradients = writeGradient(graph, apart, targets);
  const total = ops.reduce(graph, "Sum", sampleWeights, [0]);
  const shares = ops.binary(graph, "RealDiv", sampleWeights, total); // [B]
  const value = ops.reduce(graph, "Sum", ops.binary(graph, "Mul", losses, shares), [0]);
  const gradient = ops.binary(graph, "Mul", gradients, ops.reshape(graph, shares, [-1, 1]));
  return { value, logits, gradient };
}

/**
 * softmax * sum of targets - targets, where the op gives softmax - targets, whatever a row sums to.
 * @param apart float32 [B, K], softmax - targets
 */
function writeGradient(graph: Graph, apart: Tensor, targets: Tensor): Tensor {
  const sums = ops.reshape(graph, ops.reduce(graph, "Sum", targets, [1]), [-1, 1]);
  const excess = ops.binary(graph, "Sub", sums, ops.scalar(graph, 1)); // [B, 1]
  const softmax = ops.binary(graph, "AddV2", apart, targets);
  return ops.binary(graph, "AddV2", apart, ops.binary(graph, "Mul", softmax, excess));
}

/** Added to the norm, as in PyTorch's clip_grad_norm_. */
const CLIP_EPSILON = 1e-6;

/** All gradients times min(1, clipNorm / (norm of all together + 1e-6)). @param clipNorm float32 [] */
export function writeClipping(
  graph: Graph,
  gradients: ReadonlyMap<string, Tensor>,
  clipNorm: Tensor,
): ReadonlyMap<string, Tensor> {
  if (gradients.size === 0) return gradients;
  const halves = [...gradients.values()].map((gradient) => ops.unary(graph, "L2Loss", gradient)); // half the sum of squares
  const squares = ops.binary(graph, "Mul", ops.addN(graph, halves), ops.scalar(graph, 2));
  const norm = ops.binary(graph, "AddV2", ops.unary(graph, "Sqrt", squares), ops.scalar(graph, CLIP_EPSILON));
  const factor = ops.binary(graph, "Minimum", ops.binary(graph, "RealDiv", clipNorm, norm), ops.scalar(graph, 1));
  return new Map([...gradients].map(([name, gradient]) => [name, ops.binary(graph, "Mul", gradient, factor)]));
}
