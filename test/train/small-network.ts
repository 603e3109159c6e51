// The smallest real network that tests train: MobileNetV3-Small, a tenth as wide, 32 px.
import { mobilenetV3 } from "../../core/model/mobilenet-v3.ts";
import type { Network } from "../../core/model/network.ts";

export function smallNetwork({ classes = 2, dropout = 0.2 } = {}): Network {
  const batchNorm = { eps: 1e-3, momentum: 0.1 };
  return mobilenetV3({
    size: "small",
    layout: "torchvision",
    widthMult: 0.1,
    classes,
    imageSizePx: 32,
    dropout,
    batchNorm,
  });
}
