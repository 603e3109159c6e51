// Many image files through a predictor, a batch at a time; the next batch is decoded while one is computed. A file that cannot be used
// is told with its reason and stops nothing.
import { BadImage, readImageFile, type DecodedImage } from "../data/index.ts";
import { mapConcurrently } from "../data/pool.ts";
import type { Explanation, Prediction, Predictor } from "./predictor.ts";

export type PredictedFile = { readonly path: string } & (
  | {
      readonly prediction: Prediction;
      /** What was seen of it. */ readonly image: DecodedImage;
      readonly explanation: Explanation | null;
    }
  | { readonly reason: string }
);

export interface PredictFilesOptions {
  /** Whether to explain each image's predicted class. */
  readonly explain: boolean;
  readonly signal: AbortSignal;
}

type Read = { readonly path: string } & ({ readonly image: DecodedImage } | { readonly reason: string });

/** In the order of the paths. */
export async function* predictFiles(
  predictor: Predictor,
  paths: readonly string[],
  options: PredictFilesOptions,
): AsyncGenerator<PredictedFile, void, void> {
  const size = predictor.batchSize;
  let next = readAll(paths.slice(0, size));
  for (let first = 0; first < paths.length; first += size) {
    const read = await next;
    next = readAll(paths.slice(first + size, first + 2 * size));
    options.signal.throwIfAborted();
    yield* await predictBatch(predictor, read, options.explain);
  }
}

function readAll(paths: readonly string[]): Promise<Read[]> {
  return mapConcurrently(paths, async (path): Promise<Read> => {
    try {
      return { path, image: await readImageFile(path) };
    } catch (error) {
      if (error instanceof BadImage) return { path, reason: error.message };
      throw error;
    }
  });
}

async function predictBatch(predictor: Predictor, read: readonly Read[], explain: boolean): Promise<PredictedFile[]> {
  const images = read.flatMap((one) => ("image" in one ? [one.image] : []));
  const predictions = images.length === 0 ? [] : await predictor.predict(images);
  const explained = predictions.map(({ predicted }) => predicted);
  const explanations = explain && images.length > 0 ? await predictor.explain(images, explained) : [];
  let done = 0;
  return read.map((one) => {
    if ("reason" in one) return one;
    const i = done++;
    return {
      ...one,
      image: predictor.seen(one.image),
      prediction: predictions[i] as Prediction,
      explanation: explanations[i] ?? null,
    };
  });
}
