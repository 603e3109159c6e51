// Pictures stored with a run: a contact sheet of augmented training images, and a thumbnail of each evaluated sample.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { contactSheet, drawMixes, epochOrder, trainingCrops, writeThumbnails } from "../data/index.ts";
import { offerDataFiles, type Offering } from "../store/artifacts/offer.ts";
import { saveSampleArtifacts, type Store } from "../store/index.ts";
import { artifactOf, storedFile } from "../train/artifact.ts";
import { writeAtomically } from "../train/atomic-file.ts";
import type { TrainData } from "../train/contract.ts";
import type { Recorder, SampleArtifact } from "../train/recorder.ts";
import type { Job } from "./jobs.ts";

const SHEET_IMAGES = 12;

export interface ImagesInput {
  readonly job: Job;
  readonly data: TrainData;
  /** The run's own. */
  readonly folder: string;
  readonly home: string;
  readonly recorder: Recorder;
}

/**
 * The pictures of one run, made while it trains: its first step does not wait for them. Each attempt makes them, since an earlier one may have
 * died before it had them all, or with a machine that nobody has any more; what is stored already stays as it is.
 */
export class Pictures {
  private readonly input: ImagesInput & Offering;
  private making: Promise<void> | null = null;

  constructor(input: ImagesInput & Offering) {
    this.input = input;
  }

  begin(): void {
    this.making ??= this.make();
    this.making.catch(() => undefined); // told by `made`
  }

  /** @throws LockstepError "storage" */
  async made(): Promise<void> {
    this.begin();
    await this.making;
  }

  private async make(): Promise<void> {
    const { job, data, recorder } = this.input;
    await recordContactSheet(this.input);
    const samples = new Set([...job.split.val, ...job.split.test, ...job.data.pairSamples]);
    const files = await makeThumbnails(data, [...samples], this.input.home);
    recorder.record({ kind: "sample-artifacts", datasetDigest: data.manifest.digest, files });
    offerThumbnails(this.input, data.manifest.digest, files);
  }
}

/** The sheet shows the first images of the first epoch, as the network sees them but for normalisation. */
async function recordContactSheet({ job, data, folder, home, recorder }: ImagesInput): Promise<void> {
  const { settings, seed } = job.planned;
  const { manifest, prepared, split, resampler } = data;
  const { augment, batchSize, imageSizePx: sizePx } = settings;
  const sheet = await contactSheet({
    manifest,
    prepared,
    resampler,
    order: epochOrder(split.train, seed, 1),
    batchSize,
    count: SHEET_IMAGES,
    crops: trainingCrops({ prepared, manifest, augment, seed, epoch: 1 }),
    mixesOf: (i) => drawMixes({ augment, seed, epoch: 1, batch: i + 1, sizePx }),
    sizePx,
  });
  const path = join(folder, "contact-sheet.png");
  await mkdir(folder, { recursive: true });
  await writeAtomically(path, sheet);
  recorder.record(await artifactOf(path, home, { artifactKind: "contact-sheet", mediaType: "image/png", epoch: 1 }));
}

export interface ThumbnailPlace extends Offering {
  readonly store: Store;
}

/** Once for each data set; runs on the same images share the files. @param samples indices into the manifest */
export async function saveThumbnails(
  { store, ...at }: ThumbnailPlace,
  data: Pick<TrainData, "manifest" | "prepared">,
  samples: readonly number[],
): Promise<void> {
  if (samples.length === 0) return;
  const files = await makeThumbnails(data, samples, at.home);
  await saveSampleArtifacts(store.sql, data.manifest.digest, files);
  offerThumbnails(at, data.manifest.digest, files);
}

async function makeThumbnails(
  { manifest, prepared }: Pick<TrainData, "manifest" | "prepared">,
  samples: readonly number[],
  home: string,
): Promise<SampleArtifact[]> {
  const thumbnails = await writeThumbnails({ prepared, manifest }, samples);
  const files: SampleArtifact[] = [];
  for (const { sampleIndex, path } of thumbnails) {
    // one by one: hundreds at once would keep the main thread from its turns while a run trains
    const file = await storedFile(join(home, path), home);
    const sampleId = manifest.samples[sampleIndex]?.id ?? "";
    files.push({ sampleId, kind: "thumbnail", mediaType: "image/webp", ...file });
  }
  return files;
}

function offerThumbnails(at: Offering, datasetDigest: string, files: readonly SampleArtifact[]): void {
  const kept = files.map(({ path, sha256, bytes }) => ({ path, sha256, bytes }));
  offerDataFiles(at, { datasetDigest, what: "thumbnails", files: kept });
}
