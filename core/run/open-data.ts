// A plan's images: listed once, divided, and decoded into the prepared cache when a training needs them.
import { findDuplicates, groupSamples, listSource, prepareImages, splitSamples, type Listing } from "../data/index.ts";
import type { Prepared, Resizer, Split } from "../data/sample.ts";
import { splitWarnings } from "../data/warnings.ts";
import type { Plan } from "../experiment/index.ts";
import { limitSamples } from "./sample-limit.ts";

export interface OpenData {
  readonly listing: Listing;
  /** @param seed a run's; it matters where the plan's split is drawn for each run */
  readonly splitOf: (seed: number) => Split;
  readonly prepare: (storeSizePx: number, resizer: Resizer) => Promise<Prepared>;
  /** What a careful reader should be told of data and split. */
  readonly warnings: readonly string[];
}

export type OnStage = (text: string) => void;

/** Lists and checks every image. @throws LockstepError "data-invalid" */
export async function openData(plan: Plan, onStage: OnStage): Promise<OpenData> {
  onStage(`looking at the images of ${plan.experiment}`);
  const whole = await listSource(plan.source, { onBadImage: plan.onBadImage });
  const listing = plan.sampleLimit === null ? whole : limitSamples(whole, plan.sampleLimit);
  const { manifest } = listing;
  const pairs = await findDuplicates(listing);
  const groups = groupSamples(manifest, pairs);
  const splits = new Map<number, Split>();
  const splitOf = (seed: number): Split => {
    const { seed: planned, ...fractions } = plan.split;
    return remember(splits, planned === "run" ? seed : planned, (own) =>
      splitSamples(manifest, { ...fractions, seed: own }, groups),
    );
  };
  const prepared = new Map<number, Promise<Prepared>>();
  const prepare = (storeSizePx: number, resizer: Resizer): Promise<Prepared> =>
    remember(prepared, storeSizePx, () => {
      onStage(`preparing ${manifest.samples.length} images of ${plan.experiment}`);
      return prepareImages(listing, { storeSizePx, resizer });
    });
  const seed = plan.runs[0]?.seed ?? 0;
  const request = { ...plan.split, seed };
  return {
    listing,
    splitOf,
    prepare,
    warnings: splitWarnings({ manifest, split: splitOf(seed), groups, pairs, request }),
  };
}

function remember<Key, Value>(known: Map<Key, Value>, key: Key, make: (key: Key) => Value): Value {
  const found = known.get(key);
  if (found !== undefined) return found;
  const value = make(key);
  known.set(key, value);
  return value;
}
