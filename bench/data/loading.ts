// Our side of bench:data: a folder of images, prepared once for each size, and batches of an epoch as a training gets them.
import {
  batches,
  epochOrder,
  folder,
  horizontalFlip,
  listSource,
  prepareImages,
  randomResizedCrop,
  trainingCrops,
  type Batch,
} from "../../core/data/index.ts";
import { createPortableResampler } from "../../core/engine/portable/resample.ts";

export const BATCH_SIZE = 32;
export const THREADS = 2;
const EPOCHS = 4; // of a measurement; the first warms up
const STORE_FACTOR = 1.15; // as core/experiment has it by default
const AUGMENT = [randomResizedCrop(), horizontalFlip()];

export interface Loading {
  readonly count: number;
  /** @returns images a second of the quickest epoch */
  readonly measure: (sizePx: number) => Promise<number>;
  readonly epoch: (sizePx: number, epoch: number) => Promise<AsyncGenerator<Batch, void, void>>;
  readonly close: () => Promise<void>;
}

/** @param path class folders */
export async function openLoading(path: string): Promise<Loading> {
  const resampler = await createPortableResampler({ threads: THREADS });
  const listing = await listSource(folder(path));
  const { manifest } = listing;
  const count = manifest.samples.length;
  const all = manifest.samples.map((_, index) => index);
  const epochOf = async (sizePx: number, epoch: number): Promise<AsyncGenerator<Batch, void, void>> => {
    const prepared = await prepareImages(listing, {
      storeSizePx: Math.ceil(sizePx * STORE_FACTOR),
      resizer: resampler,
    });
    const crops = trainingCrops({ prepared, manifest, augment: AUGMENT, seed: 0, epoch });
    const order = epochOrder(all, 0, epoch);
    return batches({ prepared, manifest, order, batchSize: BATCH_SIZE, crops, sizePx, resampler });
  };
  const measure = async (sizePx: number): Promise<number> => {
    const durations: number[] = [];
    for (let epoch = 1; epoch <= EPOCHS; epoch++) {
      const loaded = await epochOf(sizePx, epoch);
      const began = performance.now();
      let seen = 0;
      for await (const { labels } of loaded) seen += labels.length;
      if (seen !== count) throw new Error(`${seen} of ${count} images came`);
      durations.push(performance.now() - began);
    }
    return (1000 * count) / Math.min(...durations.slice(1));
  };
  return { count, measure, epoch: epochOf, close: () => resampler.close() };
}
