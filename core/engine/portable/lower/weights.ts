// The program's own memory: parameters in the kernels' layout, optimizer moments, and what goes in and out of a step.
import { optimizerSlots } from "../../optimizer-slots.ts";
import type { CompileOptions } from "../../engine.ts";
import { isStatistic, type Network, type Parameter } from "../../../model/network.ts";
import { packingOf, type Packing } from "../pack.ts";
import { roundUp, type Buffer } from "../plan.ts";
import { FLOAT_BYTES, mapBytes, VECTOR_BYTES } from "../shapes.ts";

export interface Weight {
  readonly parameter: Parameter;
  readonly packing: Packing;
  readonly buffer: Buffer;
  readonly trainable: boolean;
  /** By slot name; of trainable parameters in a training program. */
  readonly moments: ReadonlyMap<string, Buffer>;
  /** Its moving average, where one is kept. */
  readonly average: Buffer | null;
  /** What input gradients multiply by, where it never changes: of a frozen matrix before the head; made together with folded weights. */
  readonly transposed: Buffer | null;
}

/** A convolution with its batch-norm folded in (kernels/folded.c). */
export interface FoldedWeight {
  readonly weight: Buffer;
  readonly bias: Buffer;
}

/** Buffers that live as long as the program. */
export interface ProgramMemory {
  readonly weights: ReadonlyMap<string, Weight>;
  /** By the name of the convolution's weight. */
  readonly folded: ReadonlyMap<string, FoldedWeight>;
  readonly images: Buffer; // uint8 [B, H, W, 3]
  readonly features: Buffer; // one vector of the network: what the head reads, by image
  readonly targets: Buffer; // one vector of the network: classes by image
  readonly sampleWeights: Buffer; // float32 [B]
  readonly mask: Buffer; // one vector of the network: dropout's features by image
  readonly hyper: Buffer; // kernels/update.c: Hyper
  /** Of the moving averages, where they are kept: their decay, and a Hyper that makes them with the kernel `update`. */
  readonly averages: { readonly decay: number; readonly hyper: Buffer } | null;
  readonly result: Buffer; // two doubles: loss, correct
  /** Where they all end, in bytes. */
  readonly end: number;
}

const HYPER_BYTES = 64;
const RESULT_BYTES = 16;

/** Numbers of an image: what dropout masks, and what the head reads. */
export interface VectorSizes {
  readonly mask: number;
  readonly features: number;
}

/** Lays the program's own memory out from `base` on. */
export function placeProgramMemory(
  network: Network,
  options: CompileOptions,
  sizes: VectorSizes,
  base: number,
): ProgramMemory {
  let end = base;
  const take = (bytes: number): Buffer => {
    const offset = end;
    end = roundUp(end + bytes, 64);
    return { bytes, offset };
  };
  const ofUnits = new Set(
    network.ops.flatMap((op) => (op.kind === "conv" || op.kind === "depthwiseConv" ? [op.weight] : [])),
  );
  const ofHead = new Set(network.ops.flatMap((op) => (op.kind === "dense" ? [op.weight] : [])));
  const weights = new Map(
    network.parameters.map((parameter) => {
      const weight = takeWeight(parameter, options, take);
      const isMatrix = parameter.kind === "convWeight" || parameter.kind === "denseWeight";
      const isFixed = options.purpose === "training" && !weight.trainable && !ofHead.has(parameter.name);
      const transposed = isMatrix && isFixed ? take(weight.packing.vectors * VECTOR_BYTES) : null;
      return [parameter.name, { ...weight, transposed }];
    }),
  );
  const folded = new Map(
    [...weights].filter(([name]) => ofUnits.has(name)).map(([name, { packing }]) => [name, takeFolded(packing, take)]),
  );
  const { batchSize } = options;
  const training = options.purpose === "training";
  const decay = averageDecay(options);
  return {
    weights,
    folded,
    images: take(batchSize * network.imageSizePx * network.imageSizePx * 3),
    features: take(training ? mapBytes(sizes.features, batchSize) : 0),
    targets: take(training ? mapBytes(network.classes, batchSize) : 0),
    sampleWeights: take(training ? batchSize * 4 : 0),
    mask: take(training ? mapBytes(sizes.mask, batchSize) : 0),
    hyper: take(HYPER_BYTES),
    averages: decay === null ? null : { decay, hyper: take(HYPER_BYTES) },
    result: take(RESULT_BYTES),
    end,
  };
}

type Taken = Omit<Weight, "transposed">;

function takeWeight(parameter: Parameter, options: CompileOptions, take: (bytes: number) => Buffer): Taken {
  const packing = packingOf(parameter);
  const bytes = packing.vectors * VECTOR_BYTES;
  const trainable = options.purpose === "training" && options.trainable.has(parameter.name) && !isStatistic(parameter);
  const slots = trainable ? optimizerSlots(options.optimizer) : [];
  return {
    parameter,
    packing,
    buffer: take(bytes),
    trainable,
    moments: new Map(slots.map((slot) => [slot, take(bytes)])),
    average: averageDecay(options) === null ? null : take(bytes),
  };
}

function takeFolded({ vectors, outputs }: Packing, take: (bytes: number) => Buffer): FoldedWeight {
  return { weight: take(vectors * VECTOR_BYTES), bias: take(outputs * FLOAT_BYTES) };
}

function averageDecay({ purpose, emaDecay }: CompileOptions): number | null {
  return purpose === "training" && emaDecay !== undefined ? emaDecay : null;
}
