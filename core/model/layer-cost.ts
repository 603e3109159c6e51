// What one layer costs for one image, in torchstat's definitions (github.com/Swall0w/torchstat), which the article's totals follow:
//   multiplyAdds  multiplications and additions, each counted: k of a dot product are 2k - 1; batch-norm 4 a value; ReLU 1 a value
//   flops         multiply-accumulates counted once, plus 1 a value for a convolution's bias and ReLU, 2 a value for batch-norm
//   macs          multiply-accumulates of convolutions and dense layers alone: what torchvision lists as GFLOPs
//   activations   values that the layer writes (a squeeze-excite: of all its parts)
//   readWrite     values read (input, weights, biases) and written by convolutions, dense layers, batch-norms and ReLUs
// Hard swish, hard sigmoid, pooling, dropout, additions and the product of a squeeze-excite count 0, as they do in torchstat.
import type { Op, ValueShape } from "./network.ts";

export interface Cost {
  readonly multiplyAdds: number;
  readonly flops: number;
  readonly macs: number;
  readonly activations: number;
  readonly readWrite: number;
}

export const NO_COST: Cost = { multiplyAdds: 0, flops: 0, macs: 0, activations: 0, readWrite: 0 };

/** @param input shape of the op's input */
export function layerCost(op: Op, input: ValueShape): Cost {
  const outputs = valueCount(op.output);
  const inputs = valueCount(input);
  switch (op.kind) {
    case "conv":
      return dotProducts({ inputs, outputs, terms: op.inChannels * op.kernel * op.kernel, channels: op.outChannels });
    case "depthwiseConv":
      return dotProducts({ inputs, outputs, terms: op.kernel * op.kernel, channels: op.channels });
    case "dense": // torchstat reads a dense layer's bias but does not count its additions
      return sumCosts([
        dotProducts({ inputs, outputs, terms: op.inFeatures, channels: outputs }),
        { ...NO_COST, readWrite: outputs },
      ]);
    case "batchNorm":
      return normCost(outputs, op.channels);
    case "activation":
      return op.activation === "relu" ? reluCost(outputs) : written(outputs);
    case "squeezeExcite":
      return squeezeExciteCost(op.channels, op.squeezeChannels, op.bias1 !== null);
    case "globalAveragePool":
    case "dropout":
      return written(outputs);
    case "normalize":
    case "add":
      return NO_COST;
  }
}

export function sumCosts(costs: readonly Cost[]): Cost {
  const total = (key: keyof Cost) => costs.reduce((sum, cost) => sum + cost[key], 0);
  return {
    multiplyAdds: total("multiplyAdds"),
    flops: total("flops"),
    macs: total("macs"),
    activations: total("activations"),
    readWrite: total("readWrite"),
  };
}

export function valueCount(shape: ValueShape): number {
  return shape.kind === "map" ? shape.heightPx * shape.widthPx * shape.channels : shape.channels;
}

/** A layer that torchstat knows only by what it writes. */
export function written(values: number): Cost {
  return { ...NO_COST, activations: values };
}

interface DotProducts {
  readonly inputs: number;
  readonly outputs: number;
  /** Products that are summed for one output. */
  readonly terms: number;
  readonly channels: number;
}

/** A convolution or dense layer without bias. */
function dotProducts({ inputs, outputs, terms, channels }: DotProducts): Cost {
  const macs = outputs * terms;
  const weights = terms * channels;
  const readWrite = inputs + weights + outputs;
  return { multiplyAdds: 2 * macs - outputs, flops: macs, macs, activations: outputs, readWrite };
}

function normCost(values: number, channels: number): Cost {
  return { ...written(values), multiplyAdds: 4 * values, flops: 2 * values, readWrite: 2 * values + 2 * channels };
}

function reluCost(values: number): Cost {
  return { ...written(values), multiplyAdds: values, flops: values, readWrite: 2 * values };
}

/** Pool, dense, ReLU, dense, hard sigmoid on vectors; the biases are those of convolutions, which torchstat counts. */
function squeezeExciteCost(channels: number, squeeze: number, withBias: boolean): Cost {
  const bias = (values: number): Cost =>
    withBias ? { ...NO_COST, multiplyAdds: values, flops: values, readWrite: values } : NO_COST;
  return sumCosts([
    written(channels),
    dotProducts({ inputs: channels, outputs: squeeze, terms: channels, channels: squeeze }),
    bias(squeeze),
    reluCost(squeeze),
    dotProducts({ inputs: squeeze, outputs: channels, terms: squeeze, channels }),
    bias(channels),
    written(channels),
  ]);
}
