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
  for (const { key, std } of drawnNormal(parameter, seed)) stream(...key).fillNormal(values, std);
  const isOne = parameter.kind === "batchNormWeight" || parameter.kind === "runningVar";
  return isOne ? values.fill(1) : values;
}

/** Normal numbers of a stream of their own. */
export interface NormalDraw {
  /** Of the parameter. */
  readonly name: string;
  readonly key: Parameters<typeof stream>;
  readonly length: number;
  readonly std: number;
}

/** How a parameter is drawn; none where it begins with ones or zeros. */
export function drawnNormal({ name, kind, shape }: Parameter, seed: number): NormalDraw[] {
  const draw = (std: number): NormalDraw[] => [{ name, key: [seed, "init", name], length: elementCount(shape), std }];
  if (kind === "denseWeight") return draw(DENSE_STD);
  return kind === "convWeight" || kind === "depthwiseWeight" ? draw(Math.sqrt(2 / fanOut(shape))) : [];
}

/** Output channels times kernel area; for a depthwise convolution too, as PyTorch counts it. @param shape [out, in, k, k] */
function fanOut(shape: readonly number[]): number {
  const [out = 1, , height = 1, width = 1] = shape;
  return out * height * width;
}
