// Pairs Keras' layers with a network's, kind by kind in their order: Keras' MobileNetV3 has the same layers as torchvision's under
// other names and with other axes (kernels HWIO and HWC1 instead of OIHW).
import { elementCount, type Network, type Parameter, type ParameterKind } from "../network.ts";
import type { KerasLayer } from "./keras-file.ts";
import type { Tensor } from "./tensor.ts";

export const KERAS_WARNING =
  "Keras' MobileNetV3 pads its stride-2 convolutions on one side and takes pixels in [-1, 1]; ours pads both sides and takes ImageNet's normalisation: the weights fit, but were trained for slightly other inputs.";

/** Parameters by torchvision name; null where the file's layers are not those of the network. */
export function kerasToTorchvision(layers: readonly KerasLayer[], network: Network): Map<string, Tensor> | null {
  const ofKind = (kind: KerasLayer["kind"]) => layers.filter((layer) => layer.kind === kind);
  const parameters = (kind: ParameterKind) => network.parameters.filter((p) => p.kind === kind);
  const backbone = parameters("convWeight");
  const convs = ofKind("conv");
  const sameDepth =
    ofKind("depthwise").length === parameters("depthwiseWeight").length &&
    ofKind("batchNorm").length === parameters("batchNormWeight").length &&
    convs.length >= backbone.length;
  if (!sameDepth) return null;

  const named = new Map<string, Tensor>();
  const head = [...convs.slice(backbone.length), ...ofKind("dense")]; // Keras' classifier is made of 1 x 1 convolutions
  const take = (list: readonly KerasLayer[], role: string, targets: readonly Parameter[]) =>
    targets.forEach((target, i) => {
      const tensor = list[i]?.weights.get(role);
      if (tensor !== undefined) named.set(target.name, withAxesOf(target, tensor));
    });
  take(convs, "kernel", backbone);
  take(biased(convs.slice(0, backbone.length)), "bias", biases(network, true));
  take(ofKind("depthwise"), "kernel", parameters("depthwiseWeight"));
  take(ofKind("batchNorm"), "gamma", parameters("batchNormWeight"));
  take(ofKind("batchNorm"), "beta", parameters("batchNormBias"));
  take(ofKind("batchNorm"), "moving_mean", parameters("runningMean"));
  take(ofKind("batchNorm"), "moving_variance", parameters("runningVar"));
  take(head, "kernel", parameters("denseWeight"));
  take(biased(head), "bias", biases(network, false));
  return named;
}

function biased(layers: readonly KerasLayer[]): KerasLayer[] {
  return layers.filter((layer) => layer.weights.has("bias"));
}

/** Biases of the backbone's squeeze-excites, or of the classifier. */
function biases(network: Network, backbone: boolean): Parameter[] {
  return network.parameters.filter((p) => p.kind === "bias" && (p.part.kind !== "classifier") === backbone);
}

/** Kernels [kh, kw, in, out] to [out, in, kh, kw], [kh, kw, C, 1] to [C, 1, kh, kw], [in, out] to [out, in]. */
function withAxesOf({ kind }: Parameter, tensor: Tensor): Tensor {
  const { shape, values } = tensor;
  if (kind === "depthwiseWeight" && shape.length === 4) return permute(tensor, [2, 3, 0, 1]);
  if (kind === "convWeight" && shape.length === 4) return permute(tensor, [3, 2, 0, 1]);
  if (kind === "denseWeight") return permute({ shape: shape.slice(-2), values }, [1, 0]);
  return tensor;
}

function permute({ shape, values }: Tensor, axes: readonly number[]): Tensor {
  const target = axes.map((axis) => shape[axis] as number);
  const strides = axes.map((axis) => elementCount(shape.slice(axis + 1)));
  const at = (i: number) => {
    let rest = i;
    let from = 0;
    for (let axis = target.length - 1; axis >= 0; axis--) {
      from += (rest % (target[axis] as number)) * (strides[axis] as number);
      rest = Math.floor(rest / (target[axis] as number));
    }
    return values[from] as number;
  };
  return { shape: target, values: Float32Array.from({ length: values.length }, (_, i) => at(i)) };
}
