// torchvision's published ImageNet weights, downloaded once into a cache. The file names carry the first 8 digits of their sha256; the
// rest was found in public repositories that pin these files, each in agreement with its name.
import { join } from "node:path";
import { LockstepError } from "../../errors.ts";
import type { Network } from "../network.ts";
import { download, type Download } from "./download.ts";

interface Published {
  readonly file: string;
  readonly sha256: string;
}

const LARGE_V1: Published = {
  file: "mobilenet_v3_large-8738ca79.pth",
  sha256: "8738ca797c879b547d18bbd15da5736ff2557b2036a9af72225393ca61759a04",
};
const LARGE_V2: Published = {
  file: "mobilenet_v3_large-5c1a4163.pth",
  sha256: "5c1a416349c4cf298f2a6a5e2600ed0ee55e604713578f5e74e6bc8bcaef7997",
};
const SMALL_V1: Published = {
  file: "mobilenet_v3_small-047dcff4.pth",
  sha256: "047dcff4addef86ea5bc2eff13c9614dc11f47ab1160d0a71a25e7db994f4e1f",
};

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
  const { file, sha256 } = publishedFor(network, options.weights);
  const baseUrl = (options.baseUrl ?? process.env.EXP_WEIGHTS_URL ?? BASE_URL).replace(/\/+$/, "");
  return download({
    url: `${baseUrl}/${file}`,
    path: join(options.cacheDir, file),
    sha256,
    onProgress: options.onProgress,
    next: `Fetch ${file} elsewhere and use init: fromFile("…"), name a mirror in EXP_WEIGHTS_URL, or start from init: fromRun("pretrain-backbone/base/0") or random().`,
  });
}

/** Folder of downloaded weights: under EXP_CACHE, else under the home's cache. @param home the folder of EXP_HOME */
export function weightsCache(home: string): string {
  return join(process.env.EXP_CACHE ?? join(home, "cache"), "weights");
}

function publishedFor(network: Network, weights: "V1" | "V2"): Published {
  if (network.layout !== "torchvision") {
    throw invalid(`layout "${network.layout}"`, 'layout "torchvision"', 'Set layout: "torchvision".');
  }
  if (network.widthMult !== 1) {
    throw invalid(`widthMult ${network.widthMult}`, "widthMult 1", "Set widthMult: 1, or init: random().");
  }
  if (network.family === "mobilenet-v3-large") return weights === "V1" ? LARGE_V1 : LARGE_V2;
  if (weights === "V1") return SMALL_V1;
  throw invalid(`${weights} for size "small"`, "V1", 'Use imagenet("V1").');
}

function invalid(received: string, expected: string, next: string): LockstepError {
  return new LockstepError({
    code: "model-invalid",
    message: `init: imagenet weights are published for ${expected}, received ${received}`,
    next,
  });
}
