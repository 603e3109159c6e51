// torchvision's published ImageNet weights, downloaded once into a cache. The file names carry the first 8 digits of their sha256.
import { join } from "node:path";
import { LockstepError } from "../../errors.ts";
import type { Network } from "../network.ts";
import { download, type Download } from "./download.ts";

const FILES = {
  large: { V1: "mobilenet_v3_large-8738ca79.pth", V2: "mobilenet_v3_large-5c1a4163.pth" },
  small: { V1: "mobilenet_v3_small-047dcff4.pth", V2: null },
} as const;

const BASE_URL = "https://download.pytorch.org/models";

export interface ImagenetOptions {
  /** V2 exists for Large alone. */
  readonly weights: "V1" | "V2";
  /** Folder that keeps downloads; see weightsCache. */
  readonly cacheDir: string;
  /** Where the files are; default: EXP_WEIGHTS_URL, else torchvision's address. */
  readonly baseUrl?: string;
  readonly onProgress?: Download["onProgress"];
}

/** Path of the weights for this network, fetched where they are not in the cache. Give it to importWeights. */
export async function imagenetFile(network: Network, options: ImagenetOptions): Promise<string> {
  const file = fileFor(network, options.weights);
  const baseUrl = (options.baseUrl ?? process.env.EXP_WEIGHTS_URL ?? BASE_URL).replace(/\/+$/, "");
  return download({
    url: `${baseUrl}/${file}`,
    path: join(options.cacheDir, file),
    sha256: /-([0-9a-f]{8})\.pth$/.exec(file)?.[1] ?? "",
    onProgress: options.onProgress,
    next: `Fetch ${file} elsewhere and use init: file(path), name a mirror in EXP_WEIGHTS_URL, or start from init: fromRun("pretrain-backbone/base/0") or random().`,
  });
}

/** Folder of downloaded weights: under EXP_CACHE, else under the home's cache. @param home the folder of EXP_HOME */
export function weightsCache(home: string): string {
  return join(process.env.EXP_CACHE ?? join(home, "cache"), "weights");
}

function fileFor(network: Network, weights: "V1" | "V2"): string {
  if (network.layout !== "torchvision") {
    throw invalid(`layout "${network.layout}"`, 'layout "torchvision"', 'Set layout: "torchvision".');
  }
  if (network.widthMult !== 1) {
    throw invalid(`widthMult ${network.widthMult}`, "widthMult 1", "Set widthMult: 1, or init: random().");
  }
  const file = FILES[network.family === "mobilenet-v3-large" ? "large" : "small"][weights];
  if (file === null) throw invalid(`${weights} for size "small"`, "V1", 'Use imagenet({ weights: "V1" }).');
  return file;
}

function invalid(received: string, expected: string, next: string): LockstepError {
  return new LockstepError({
    code: "model-invalid",
    message: `init: imagenet weights are published for ${expected}, received ${received}`,
    next,
  });
}
