// Grad-CAM (Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via gradient-based localization"): where in the last
// convolution's map a class is seen. The head reads the map's mean alone, so the gradient by each position is the same, and the weight
// of a channel is the gradient by its mean; the head is small enough to be differentiated here, in double precision.
import type { Activation, DenseOp, Network, Op, State } from "./network.ts";

export interface CamInput {
  readonly network: Network;
  readonly state: State;
  /** float32 [H * W, C]: the value of the last convolution, batch-norm and activation for one image. */
  readonly map: Float32Array;
  /** Class whose logit is explained. */
  readonly classIndex: number;
}

/** @returns [H * W], 0 to 1: max(0, sum over channels of gradient times map) by its largest value; all 0 where nothing speaks for the class */
export function gradCam({ network, state, map, classIndex }: CamInput): Float64Array {
  const head = headOf(network);
  const channels = (head.find((op) => op.kind === "dense") as DenseOp).inFeatures;
  const weights = gradientByMean(head, state, meanOf(map, channels), classIndex);
  const cam = new Float64Array(map.length / channels);
  for (let i = 0; i < cam.length; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += (weights[c] as number) * (map[i * channels + c] as number);
    cam[i] = Math.max(0, sum);
  }
  const largest = cam.reduce((a, b) => Math.max(a, b), 0);
  return largest === 0 ? cam : cam.map((value) => value / largest);
}

/** What comes after the pooling; dropout does nothing in inference. */
function headOf({ ops }: Network): Op[] {
  const pool = ops.findIndex((op) => op.kind === "globalAveragePool");
  return ops.slice(pool + 1).filter((op) => op.kind !== "dropout");
}

function meanOf(map: Float32Array, channels: number): Float64Array {
  const rows = map.length / channels;
  const mean = new Float64Array(channels);
  for (let i = 0; i < map.length; i++) mean[i % channels] = (mean[i % channels] as number) + (map[i] as number) / rows;
  return mean;
}

/** Forward through the head, then the gradient of one logit backward. */
function gradientByMean(head: readonly Op[], state: State, mean: Float64Array, classIndex: number): Float64Array {
  const inputs: Float64Array[] = [];
  let value = mean;
  for (const op of head) {
    inputs.push(value);
    value = forward(op, state, value);
  }
  let gradient: Float64Array = new Float64Array(value.length);
  gradient[classIndex] = 1;
  for (const [i, op] of [...head.entries()].reverse())
    gradient = backward(op, state, inputs[i] as Float64Array, gradient);
  return gradient;
}

function forward(op: Op, state: State, x: Float64Array): Float64Array {
  if (op.kind === "activation") return x.map((value) => ACTIVATIONS[op.activation].value(value));
  const { weight, bias, inFeatures, outFeatures } = denseOf(op, state);
  return new Float64Array(outFeatures).map((_, out) => {
    let sum = bias[out] as number;
    for (let k = 0; k < inFeatures; k++) sum += (weight[out * inFeatures + k] as number) * (x[k] as number);
    return sum;
  });
}

/** @param x the op's input @param gradient by its output @returns by its input */
function backward(op: Op, state: State, x: Float64Array, gradient: Float64Array): Float64Array {
  if (op.kind === "activation") {
    const { slope } = ACTIVATIONS[op.activation];
    return gradient.map((value, i) => value * slope(x[i] as number));
  }
  const { weight, inFeatures, outFeatures } = denseOf(op, state);
  const back = new Float64Array(inFeatures);
  for (let out = 0; out < outFeatures; out++) {
    for (let k = 0; k < inFeatures; k++)
      back[k] = (back[k] as number) + (gradient[out] as number) * (weight[out * inFeatures + k] as number);
  }
  return back;
}

function denseOf(op: Op, state: State) {
  if (op.kind !== "dense") throw new Error(`Grad-CAM: no ${op.kind} was expected behind the pooling`);
  return { ...op, weight: state.get(op.weight) as Float32Array, bias: state.get(op.bias) as Float32Array };
}

const between = (x: number): boolean => x > -3 && x < 3;
const ACTIVATIONS: Readonly<Record<Activation, { value: (x: number) => number; slope: (x: number) => number }>> = {
  relu: { value: (x) => Math.max(0, x), slope: (x) => (x > 0 ? 1 : 0) },
  hardSigmoid: { value: (x) => Math.min(1, Math.max(0, x / 6 + 0.5)), slope: (x) => (between(x) ? 1 / 6 : 0) },
  hardSwish: {
    value: (x) => x * Math.min(1, Math.max(0, x / 6 + 0.5)),
    slope: (x) => (between(x) ? x / 3 + 0.5 : x >= 3 ? 1 : 0),
  },
};
