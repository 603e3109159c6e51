// The head: pooling, dense layers with activation and dropout, loss; and the way back from the loss to the last unit.
import type { Buffer } from "../plan.ts";
import { mapBytes, padded } from "../shapes.ts";
import type { HeadLayer, Unit } from "../stages.ts";
import { lowerDense, lowerDenseBackward, lowerWeightGradient } from "./dense.ts";
import { activationCode, isTraining, mapBuffer, stateOf, vectorBuffer, type Lowering } from "./lowering.ts";
import { prepareSums } from "./norm.ts";
import { layerTrains } from "./trains.ts";

/** A dense layer's vectors in the forward pass. */
interface LayerState {
  readonly layer: HeadLayer;
  readonly input: Buffer;
  /** Before activation and dropout. */
  readonly raw: Buffer;
  readonly output: Buffer;
}

export interface HeadState {
  readonly pooled: Unit;
  readonly layers: readonly LayerState[];
  readonly logits: Buffer;
}

/** The mean of the last unit's value: what the head reads. */
export function lowerPool(lowering: Lowering): Buffer {
  const { plan, images, stages } = lowering;
  const last = stages.units.at(-1) as Unit;
  const { z, coef, map } = stateOf(lowering, last);
  const { channels, imageRows } = map;
  const output = vectorBuffer(lowering, channels);
  const sizes = { activation: activationCode(last.activation), images, imageRows, channels };
  plan.add("pool", channels / 8, { input: z, coef, output, ...sizes });
  return output;
}

export function lowerHead(lowering: Lowering, features: Buffer): HeadState {
  let value = features;
  const layers = lowering.stages.head.map((layer) => {
    const { weight, bias } = layer.dense;
    const raw = lowerDense(lowering, value, { weight, bias, activation: 0 });
    const done = { layer, input: value, raw, output: lowerActivation(lowering, layer, raw) };
    value = done.output;
    return done;
  });
  return { pooled: lowering.stages.units.at(-1) as Unit, layers, logits: value };
}

function lowerActivation(lowering: Lowering, layer: HeadLayer, raw: Buffer): Buffer {
  if (layer.activation === null && !layer.dropout) return raw;
  const channels = padded(layer.dense.outFeatures);
  const output = vectorBuffer(lowering, channels);
  const call = { mask: maskOf(lowering, layer), activation: activationCode(layer.activation), images: lowering.images };
  lowering.plan.add("vectorForward", channels / 8, { input: raw, output, ...call });
  return output;
}

/** Dropout's factors; none in evaluation. */
function maskOf(lowering: Lowering, layer: HeadLayer): Buffer | null {
  return layer.dropout && isTraining(lowering.kind) ? lowering.memory.mask : null;
}

/** @returns the loss by the logits */
export function lowerLoss(lowering: Lowering, logits: Buffer, classes: number): Buffer {
  const { plan, images, memory } = lowering;
  const gradient = vectorBuffer(lowering, padded(classes));
  const losses = plan.buffer((2 * images + 1) * 8); // doubles
  const { targets, sampleWeights, result } = memory;
  plan.add("loss", images, { logits, targets, sampleWeights, gradient, losses, images, classes });
  plan.add("lossTotal", 1, { losses, result, images });
  plan.alongside();
  return gradient;
}

/** From the loss by the logits to the last unit's dy, as far back as something trains. */
export function lowerHeadBackward(
  lowering: Lowering,
  head: HeadState,
  dLogits: Buffer,
  withGradient: ReadonlySet<Unit>,
): void {
  let gradient: Buffer = dLogits;
  for (let i = head.layers.length - 1; i >= 0; i--) {
    const { layer, input, raw } = head.layers[i] as LayerState;
    const dz = lowerActivationBackward(lowering, layer, raw, gradient);
    const { weight, bias, outFeatures } = layer.dense;
    const rows = lowering.images;
    lowerWeightGradient(lowering, { input, dz, weight, bias, rows, outChannels: padded(outFeatures) });
    const before = head.layers.slice(0, i).some((earlier) => layerTrains(lowering, earlier.layer));
    if (!before && !withGradient.has(head.pooled)) return;
    if (layerTrains(lowering, layer)) lowering.plan.alongside();
    gradient = lowerDenseBackward(lowering, dz, weight);
  }
  lowerPoolBackward(lowering, head.pooled, gradient);
}

function lowerActivationBackward(lowering: Lowering, layer: HeadLayer, raw: Buffer, gradient: Buffer): Buffer {
  if (layer.activation === null && !layer.dropout) return gradient;
  const channels = padded(layer.dense.outFeatures);
  const output = lowering.plan.buffer(mapBytes(channels, lowering.images));
  const call = { mask: maskOf(lowering, layer), activation: activationCode(layer.activation), images: lowering.images };
  lowering.plan.add("vectorBackward", channels / 8, { input: raw, gradient, output, ...call });
  return output;
}

function lowerPoolBackward(lowering: Lowering, unit: Unit, gradient: Buffer): void {
  const state = stateOf(lowering, unit);
  const { channels, imageRows } = state.map;
  state.dy = mapBuffer(lowering, state.map);
  lowering.plan.add("poolBackward", channels / 8, {
    z: state.z,
    coef: state.coef,
    gradient,
    output: state.dy,
    stats: prepareSums(lowering, state, 1),
    upstream: null,
    gate: null,
    activation: activationCode(unit.activation),
    images: lowering.images,
    imageRows,
    channels,
  });
}
