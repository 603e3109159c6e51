// What every layer of the graph is: its output, and a function that writes its backward pass behind it (hand-derived, in raw ops).
import type { ValueShape } from "../../../model/network.ts";
import type { Graph, Tensor } from "../graph.ts";

/** What a layer needs to know of the graph that it is written into. */
export interface LayerContext {
  readonly graph: Graph;
  /** A parameter's or statistic's value, in TensorFlow's layout. */
  readonly read: (parameter: string) => Tensor;
  /** Whether the optimizer changes the parameter. */
  readonly trains: (parameter: string) => boolean;
  /** Takes the gradient of a trainable parameter, in TensorFlow's layout. */
  readonly setGradient: (parameter: string, gradient: Tensor) => void;
  /** Takes the next value of a running statistic. */
  readonly setStatistic: (parameter: string, value: Tensor) => void;
}

export interface Layer {
  readonly output: Tensor;
  /**
   * Writes the gradients of the layer's trainable parameters and, where asked for, of its input.
   * @param gradient float32, shaped as the output
   */
  readonly backward: (gradient: Tensor, wantsInput: boolean) => Tensor | null;
}

/** Height times width of a map; 1 of a vector. */
export function pixelCount(shape: ValueShape): number {
  return shape.kind === "map" ? shape.heightPx * shape.widthPx : 1;
}

/** [B, H, W, C] of a map, where B is any; [B, C] of a vector. */
export function mapShape(shape: ValueShape): number[] {
  return shape.kind === "map" ? [-1, shape.heightPx, shape.widthPx, shape.channels] : [-1, shape.channels];
}
