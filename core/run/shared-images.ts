// Prepared images that go from machine to machine through the artifact store, by choice (--share-images): a worker without the images trains
// from them, with the same bits, since training reads nothing else. Data set and split are those that the database holds.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { preparedPath, type Source } from "../data/index.ts";
import { openPreparedFile } from "../data/prepared-file.ts";
import type { Prepared } from "../data/sample.ts";
import { LockstepError } from "../errors.ts";
import { megabytes } from "../megabytes.ts";
import { artifactsPlace } from "../store/artifacts/object-store.ts";
import { offerDataFiles } from "../store/artifacts/offer.ts";
import { fetchPreparedFile, findPreparedFile, savePreparedFile } from "../store/artifacts/prepared-images.ts";
import { storedFile } from "../train/artifact.ts";
import { saveThumbnails } from "./images.ts";
import type { Job } from "./jobs.ts";
import type { OpenData } from "./open-data.ts";
import type { Recorded } from "./recorded.ts";
import { saveData } from "./ready-job.ts";
import { storedSplit } from "./stored-split.ts";
import type { Workshop } from "./workshop.ts";

/** @throws LockstepError "usage" where there is no artifact store to share them through */
export function checkSharing(): void {
  if (artifactsPlace() !== null) return;
  throw new LockstepError({
    code: "usage",
    message: "--share-images: there is no artifact store to put the prepared images into.",
    next: "Set ARTIFACTS_URL (see docs/scale.md), or leave --share-images out: workers then need the images.",
  });
}

/** Prepares the images of each job and offers them to the artifact store. */
export async function shareImages(jobs: readonly Job[], workshop: Workshop): Promise<void> {
  const { store, home, resampler, observer } = workshop;
  const seen = new Set<string>();
  for (const job of jobs) {
    if (filesOf(job.sweep.plan.source).length === 0) {
      observer.notice("--share-images: nothing to share, every worker draws or downloads these images itself");
      return;
    }
    const { storeSizePx } = job.planned.settings;
    const datasetDigest = job.manifest.digest;
    const path = preparedPath(datasetDigest, storeSizePx);
    if (seen.has(path)) continue;
    seen.add(path);
    await saveData(store, job);
    const prepared = await job.data.prepare(storeSizePx, resampler);
    await saveThumbnails({ store, home, onNotice: observer.notice }, { ...job, prepared }, job.data.pairSamples);
    const file = await storedFile(path, home);
    await savePreparedFile(store, { datasetDigest, storeSizePx, ...file });
    offerDataFiles({ home, onNotice: observer.notice }, { datasetDigest, what: "prepared images", files: [file] });
    observer.stage(`sharing the prepared images of ${job.sweep.plan.experiment}: ${megabytes(file.bytes)}`);
  }
}

/**
 * A run's data where its images are not: from the prepared ones on this machine, else from the artifact store.
 * @param source where its images should be @returns null where they are @throws LockstepError "data-invalid" where nobody has shared them
 */
export async function openShared(
  recorded: Recorded,
  source: Source,
  workshop: Pick<Workshop, "store" | "home" | "observer">,
): Promise<OpenData | null> {
  const missing = filesOf(source).find((path) => !existsSync(path));
  if (missing === undefined) return null;
  const prepared = await preparedImages(recorded, workshop);
  if (prepared === null) throw notHere(recorded, missing);
  const { manifest } = recorded;
  const split = storedSplit(recorded);
  workshop.observer.stage(`the images of ${manifest.name} are not here: training from the prepared ones`);
  return {
    manifest,
    splitOf: () => split,
    prepare: () => Promise.resolve(prepared),
    inspection: null,
    pairSamples: [],
    shares: "",
    warnings: [],
  };
}

/** What must be on this machine; images that are drawn or downloaded need nothing. */
function filesOf(source: Source): string[] {
  if (source.kind === "parts") return [source.train, source.val, source.test].flatMap(filesOf);
  if (source.kind === "csv") return [source.path, ...(source.root === null ? [] : [source.root])];
  return "path" in source ? [source.path] : [];
}

async function preparedImages(
  { manifest, config }: Recorded,
  { store, home, observer }: Pick<Workshop, "store" | "home" | "observer">,
): Promise<Prepared | null> {
  const { storeSizePx } = config.settings;
  const path = preparedPath(manifest.digest, storeSizePx);
  const here = await openPreparedFile(path);
  if (here !== null && here !== "damaged") return here;
  if (here === "damaged") await rm(path, { force: true });
  const file = await findPreparedFile(store, { datasetDigest: manifest.digest, storeSizePx });
  if (file === null) return null;
  observer.stage(`fetching the prepared images of ${manifest.name} from the artifact store: ${megabytes(file.bytes)}`);
  const onBytes = (bytes: number) => observer.counting("fetching prepared images", bytes, file.bytes);
  if (!(await fetchPreparedFile(store, home, file, onBytes))) return null;
  const fetched = await openPreparedFile(path);
  return fetched === "damaged" ? null : fetched;
}

function notHere({ run: { runId } }: Recorded, path: string): LockstepError {
  return new LockstepError({
    code: "data-invalid",
    message: `run ${runId}: its images are not on this machine: there is no ${path}.`,
    next: "Bring them there, or share the prepared ones from where they are: exp run FILE --queue --share-images.",
  });
}
