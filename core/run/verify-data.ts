// Digests of data set, split and settings against the rows that they are made of. A digest alone does not say which row was edited, so
// each row is changed in turn: where the digest then comes out right, that row is named.
import { buildManifest } from "../data/manifest.ts";
import type { Manifest, SplitPart } from "../data/sample.ts";
import { hashOf } from "../experiment/index.ts";
import type { Recorded } from "./recorded.ts";
import { storedSplit } from "./stored-split.ts";
import { judged, type VerdictLine } from "./verdict.ts";

/** Looking for the row takes the square of the samples; beyond so many (seconds) it is left to `exp reproduce`. */
const MOST_SAMPLES = 4000;
const PARTS: readonly SplitPart[] = ["train", "val", "test"];

export function checkData(recorded: Recorded): VerdictLine[] {
  const { run, manifest } = recorded;
  const { settings, split, positiveClass, hooks } = recorded.config;
  const asPlanned = { settings, split, positiveClass, onEpochEnd: hooks?.onEpochEnd }; // in planRuns
  return [
    judged(
      "data set",
      findingOf("sample rows", digestOf(manifest), run.datasetDigest, () => editedSample(recorded)),
    ),
    judged(
      "split",
      findingOf("split's rows", storedSplit(recorded).digest, run.splitDigest, () => movedMember(recorded)),
    ),
    judged(
      "settings",
      findingOf("settings", hashOf(asPlanned), run.settingsHash, () => null),
    ),
  ];
}

function findingOf(what: string, computed: string, stored: string | null, search: () => string | null): string[] {
  if (computed === stored) return [];
  const row = search();
  return [row ?? `the ${what} have digest ${computed}, the run was made with ${stored}`];
}

/** Of the sample rows themselves. */
function digestOf({ digest: _, ...rows }: Manifest): string {
  return buildManifest(rows).digest;
}

/** The sample with another label of which the digest is right. */
function editedSample({ run, manifest }: Recorded): string | null {
  const { samples, classes } = manifest;
  if (samples.length > MOST_SAMPLES) return null;
  for (const [i, sample] of samples.entries()) {
    for (const label of classes.keys()) {
      if (
        label === sample.label ||
        digestOf({ ...manifest, samples: samples.with(i, { ...sample, label }) }) !== run.datasetDigest
      )
        continue;
      return `sample ${sample.id}: its row says ${classes[sample.label]}, the run was made with ${classes[label]}`;
    }
  }
  return null;
}

/** The sample that, in another part, makes the digest right. */
function movedMember({ run, manifest, members }: Recorded): string | null {
  if (manifest.samples.length > MOST_SAMPLES) return null;
  const assigned = new Set(PARTS.flatMap((part) => members[part]));
  const missing = manifest.samples.find(({ id }) => !assigned.has(id));
  if (missing !== undefined) return `sample ${missing.id} has no row`;
  for (const part of PARTS) {
    for (const id of members[part]) {
      for (const other of PARTS.filter((name) => name !== part)) {
        const without = members[part].filter((member) => member !== id);
        const moved = { ...members, [part]: without, [other]: [...members[other], id] };
        if (storedSplit({ manifest, members: moved }).digest === run.splitDigest)
          return `sample ${id}: its row says ${part}, the run was made with it in ${other}`;
      }
    }
  }
  return null;
}
