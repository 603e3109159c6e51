// Images a second into the step, from the prepared cache with the default augmentation. Peer: dataloader.py on the same files.
// Run: npx tsx bench/data/loading.ts DIR   (class folders)
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  batches,
  epochOrder,
  folder,
  horizontalFlip,
  listSource,
  prepareImages,
  randomResizedCrop,
  trainingCrops,
  type Listing,
  type Prepared,
} from "../../core/data/index.ts";
import { createPortableResampler, type PortableResampler } from "../../core/engine/portable/resample.ts";

const BATCH_SIZE = 32;
const THREADS = 2;
const EPOCHS = 4; // the first warms up
const STORE_FACTOR = 1.15;

async function main(path: string): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "lockstep-bench-"));
  process.env["EXP_HOME"] = home;
  const resampler = await createPortableResampler({ threads: THREADS });
  try {
    const began = performance.now();
    const listing = await listSource(folder(path));
    report("list (read, hash, decode, compare)", listing.manifest.samples.length, performance.now() - began);
    for (const sizePx of [96, 224]) await measureSize(listing, sizePx, resampler);
  } finally {
    await resampler.close();
    rmSync(home, { recursive: true });
  }
}

async function measureSize(listing: Listing, sizePx: number, resampler: PortableResampler): Promise<void> {
  const count = listing.manifest.samples.length;
  const storeSizePx = Math.ceil(sizePx * STORE_FACTOR);
  const prepare = () => prepareImages(listing, { storeSizePx, resizer: resampler });
  const began = performance.now();
  const prepared = await prepare();
  report(`${sizePx} px: decode into the cache`, count, performance.now() - began);
  const opened = performance.now();
  await prepare();
  report(`${sizePx} px: open and verify the cache`, count, performance.now() - opened);
  const durations: number[] = [];
  for (let epoch = 1; epoch <= EPOCHS; epoch++)
    durations.push(await loadEpoch({ listing, prepared, epoch, sizePx, resampler }));
  report(`${sizePx} px: batches into the step`, count, Math.min(...durations.slice(1)));
}

interface EpochInput {
  readonly listing: Listing;
  readonly prepared: Prepared;
  readonly epoch: number;
  readonly sizePx: number;
  readonly resampler: PortableResampler;
}

/** @returns milliseconds */
async function loadEpoch({ listing: { manifest }, prepared, epoch, sizePx, resampler }: EpochInput): Promise<number> {
  const augment = [randomResizedCrop(), horizontalFlip()];
  const crops = trainingCrops({ prepared, manifest, augment, seed: 0, epoch });
  const all = manifest.samples.map((_, index) => index);
  const order = epochOrder(all, 0, epoch);
  const began = performance.now();
  let seen = 0;
  for await (const { labels } of batches({
    prepared,
    manifest,
    order,
    batchSize: BATCH_SIZE,
    crops,
    sizePx,
    resampler,
  }))
    seen += labels.length;
  if (seen !== all.length) throw new Error(`${seen} of ${all.length} images came`);
  return performance.now() - began;
}

function report(what: string, images: number, durationMs: number): void {
  process.stdout.write(`${what.padEnd(40)} ${((1000 * images) / durationMs).toFixed(0).padStart(7)} images/s\n`);
}

const path = process.argv[2];
if (path === undefined) process.stderr.write("Usage: npx tsx bench/data/loading.ts DIR\n");
else await main(path);
