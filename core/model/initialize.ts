// Random initial weights, as torchvision draws MobileNetV3's. Each parameter has a stream of its own, so that another width or number
// of classes changes only the parameters whose shapes it changes.
import { stream } from "../random.ts";
import { elementCount, type Network, type Parameter, type State } from "./network.ts";

/** Standard deviation of a dense layer's weights. */
const DENSE_STD = 0.01;

/**
 * All parameters and statistics: Kaiming normal by fan-out for convolutions (He et al. 2015), ones and zeros for batch-norm,
 * normal with 0.01 for dense weights, zero biases, running mean 0 and variance 1.
 * @param given what is known already: taken as it is instead of drawn, which moves no other parameter
 */
export function initialState(network: Network, seed: number, given: State = new Map()): Map<string, Float32Array> {
  return new Map(
    network.parameters.map((parameter) => [
      parameter.name,
      given.get(parameter.name) ?? initialValues(parameter, seed),
    ]),
  );
}

function initialValues(parameter: Parameter, seed: number): Float32Array {
  const values = new Float32Array(elementCount(parameter.shape));
  switch (parameter.kind) {
    case "convWeight":
    case "depthwiseWeight":
      return fillNormal(values, Math.sqrt(2 / fanOut(parameter.shape)), seed, parameter.name);
    case "denseWeight":
      return fillNormal(values, DENSE_STD, seed, parameter.name);
    case "batchNormWeight":
    case "runningVar":
      return values.fill(1);
    case "bias":
    case "batchNormBias":
    case "runningMean":
      return values;
  }
}

/** Output channels times kernel area; for a depthwise convolution too, as PyTorch counts it. @param shape [out, in, k, k] */
function fanOut(shape: readonly number[]): number {
  const [out = 1, , height = 1, width = 1] = shape;
  return out * height * width;
}

function fillNormal(values: Float32Array, std: number, seed: number, name: string): Float32Array {
  const random = stream(seed, "init", name);
  for (let i = 0; i < values.length; i++) values[i] = std * random.normal();
  return values;
}
