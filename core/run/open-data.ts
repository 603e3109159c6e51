// A plan's images: listed once, divided, and decoded into the prepared cache when a training needs them.
import { creditsOf } from "../data/catalogue.ts";
import { decodeListing } from "../data/decode-listing.ts";
import {
  findDuplicates,
  groupSamples,
  inspectListing,
  listSource,
  prepareImages,
  type Inspection,
  type Listing,
  type PrepareOptions,
} from "../data/index.ts";
import type { Manifest, Prepared, Resizer, Split } from "../data/sample.ts";
import { splitShares } from "../data/split-shares.ts";
import { splitWarnings } from "../data/warnings.ts";
import { createPortableResampler } from "../engine/portable/resample.ts";
import type { Plan } from "../experiment/index.ts";
import type { SweepObserver } from "./observer.ts";
import { splitSeed, splitOf as drawSplit, type SplitPosition } from "./planned-split.ts";
import { limitSamples } from "./sample-limit.ts";

export interface OpenData {
  readonly manifest: Manifest;
  /** @param planned its seed matters where the plan's split is drawn for each run, its fold where the split has folds */
  readonly splitOf: (planned: SplitPosition) => Split;
  readonly prepare: (storeSizePx: number, resizer: Resizer) => Promise<Prepared>;
  /** The first of its pairs of duplicates are shown with pictures; of the others there may be none. Null: what is stored holds. */
  readonly inspection: Inspection | null;
  /** Sample indices of the pairs that are shown. */
  readonly pairSamples: readonly number[];
  /** How large the parts are, beside what was asked for. */
  readonly shares: string;
  /** What a careful reader should be told of data and split. */
  readonly warnings: readonly string[];
}

/** Pairs of duplicates that are kept with the data set, and those that have pictures. */
const STORED_PAIRS = 500;
const SHOWN_PAIRS = 30;

/** Bits are the same for any number. */
const THREADS = 2;

/** Who is told what goes on. */
export type DataWatch = Pick<SweepObserver, "stage" | "counting">;

/** Lists and checks every image. @throws LockstepError "data-invalid" */
export async function openData(plan: Plan, watch: DataWatch): Promise<OpenData> {
  watch.stage(`looking at the images of ${plan.experiment}`);
  for (const credit of creditsOf(plan.source)) watch.stage(credit);
  const prepared = new Map<number, Promise<Prepared>>();
  const listing = await listUsable(plan, watch, prepared);
  const { manifest } = listing;
  const pairs = await findDuplicates(listing);
  const inspection = inspectListing(listing, pairs);
  const groups = groupSamples(manifest, pairs);
  const splits = new Map<string, Split>();
  const splitOf = (position: SplitPosition): Split =>
    remember(splits, JSON.stringify([splitSeed(plan.split, position), position.fold]), () =>
      drawSplit(plan.split, position, manifest, groups),
    );
  const prepare = (storeSizePx: number, resizer: Resizer): Promise<Prepared> =>
    remember(prepared, storeSizePx, () => {
      watch.stage(`preparing ${manifest.samples.length} images of ${plan.experiment}`);
      return prepareImages(listing, { storeSizePx, resizer, ...told(watch) });
    });
  const split = splitOf(plan.runs[0] ?? { seed: 0, fold: "folds" in plan.split ? 0 : null });
  const asked = "folds" in plan.split ? null : plan.split;
  return {
    manifest,
    splitOf,
    prepare,
    inspection: { ...inspection, duplicates: inspection.duplicates.slice(0, STORED_PAIRS) },
    pairSamples: indicesOf(listing, inspection.duplicates.slice(0, SHOWN_PAIRS)),
    shares: splitShares(manifest, split, plan.split),
    warnings: splitWarnings({ manifest, split, groups, pairs, asked }),
  };
}

/** Under onBadImage "skip" all images are decoded now, since what does not decode is not of the set. */
async function listUsable(plan: Plan, watch: DataWatch, prepared: Map<number, Promise<Prepared>>): Promise<Listing> {
  const { source, onBadImage, sampleLimit, runs } = plan;
  const limited = (whole: Listing) => (sampleLimit === null ? whole : limitSamples(whole, sampleLimit));
  const listed = await listSource(source, {
    onBadImage,
    progress: (done, total) => watch.counting("looking at images", done, total),
  });
  if (onBadImage === "stop") return limited(listed);
  watch.stage(`preparing the images of ${plan.experiment}`);
  const resizer = await createPortableResampler({ threads: THREADS });
  const sizes = new Set(runs.map(({ settings }) => settings.storeSizePx));
  try {
    const { listing } = await decodeListing(listed, { onBadImage }, async (whole) => {
      for (const storeSizePx of sizes) {
        const options = { storeSizePx, resizer, ...told(watch) };
        prepared.set(storeSizePx, Promise.resolve(await prepareImages(limited(whole), options)));
      }
    });
    return limited(listing);
  } finally {
    await resizer.close();
  }
}

function told(watch: DataWatch): Pick<PrepareOptions, "progress" | "onNotice"> {
  return { progress: (done, total) => watch.counting("preparing images", done, total), onNotice: watch.stage };
}

function indicesOf({ manifest }: Listing, pairs: Inspection["duplicates"]): number[] {
  const wanted = new Set(pairs.flatMap(({ a, b }) => [a, b]));
  return manifest.samples.flatMap(({ id }, index) => (wanted.has(id) ? [index] : []));
}

function remember<Key, Value>(known: Map<Key, Value>, key: Key, make: (key: Key) => Value): Value {
  const found = known.get(key);
  if (found !== undefined) return found;
  const value = make(key);
  known.set(key, value);
  return value;
}
