// A folder of TensorBoard logs: every folder in it that holds event files is one run, as TensorBoard itself counts them. Scalars and
// histograms of both formats (summary values of TensorFlow 1 and PyTorch, tensors of TensorFlow 2).
import { createReadStream, existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { createHash } from "node:crypto";
import { LockstepError } from "../../errors.ts";
import { Curves } from "../curves.ts";
import type { HistogramPoint, ImportedRun } from "../foreign-run.ts";
import type { ReadOptions } from "../read-options.ts";
import { decodeEvent, type TensorMessage, type ValueMessage } from "./event-messages.ts";
import { decodeRecords } from "./records.ts";

/** @throws LockstepError "data-invalid" where no event file is in it */
export async function readTensorboard(
  folder: string,
  { project, experiment, notice }: ReadOptions,
): Promise<ImportedRun[]> {
  const root = resolve(folder);
  const names = existsSync(root) ? await readdir(root, { recursive: true }) : [];
  const byFolder = new Map<string, string[]>();
  for (const name of names.filter((one) => basename(one).includes("tfevents")).sort())
    byFolder.set(dirname(name), [...(byFolder.get(dirname(name)) ?? []), join(root, name)]);
  if (byFolder.size === 0) {
    throw new LockstepError({
      code: "data-invalid",
      message: `${folder}: no TensorBoard event file is in it.`,
      next: "Give the folder that tensorboard --logdir would get.",
    });
  }
  const runs: ImportedRun[] = [];
  for (const [name, files] of [...byFolder].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const place = {
      project,
      experiment: experiment ?? basename(root),
      variant: variantName(relative(root, join(root, name))),
    };
    runs.push(await readRun(place, files, notice));
  }
  return runs;
}

function variantName(path: string): string {
  return path === "" || path === "." ? "base" : path.split(sep).join("/");
}

async function readRun(
  place: Pick<ImportedRun, "project" | "experiment" | "variant">,
  files: readonly string[],
  notice: (text: string) => void,
): Promise<ImportedRun> {
  const found = new FoundValues();
  for (const file of files) {
    const { records, stoppedAt } = decodeRecords(await readFile(file));
    if (stoppedAt !== null) notice(`${file} can be read up to byte ${stoppedAt}; what follows is cut short or damaged`);
    for (const record of records) found.add(record);
  }
  const { firstMs, lastMs } = found;
  return {
    ...place,
    seed: 0,
    name: null,
    status: found.scalars.series.length > 0 ? "done" : "lost", // it says not how it ended; without a number it did not get far
    startedAt: firstMs === null ? null : new Date(firstMs),
    endedAt: lastMs === null ? null : new Date(lastMs),
    params: {},
    tags: [],
    note: null,
    gitCommit: null,
    series: found.scalars.series,
    histograms: found.histograms,
    files: [],
    origin: {
      tool: "tensorboard",
      identity: await identityOf(place.variant, files[0]!),
      path: dirname(files[0]!),
      details: { files: files.map((file) => basename(file)) },
    },
  };
}

/** The first event file's name holds time, host and process; its first bytes tell it from a copy of another's name. */
async function identityOf(run: string, file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(file, { end: 255 })) hash.update(part as Buffer);
  return [run, basename(file), hash.digest("hex")].join("\n");
}

class FoundValues {
  readonly scalars = new Curves();
  readonly histograms: HistogramPoint[] = [];
  firstMs: number | null = null;
  lastMs: number | null = null;
  /** TensorFlow 2 names a tag's plugin only the first time. */
  readonly #plugins = new Map<string, string>();

  add(record: Uint8Array): void {
    const { wallTime, step, summary } = decodeEvent(record);
    const atMs = 1000 * wallTime;
    this.firstMs ??= atMs;
    this.lastMs = Math.max(this.lastMs ?? atMs, atMs);
    for (const value of summary?.value ?? []) this.#addValue(value, step, atMs);
  }

  #addValue(value: ValueMessage, step: number, atMs: number): void {
    const { tag, simpleValue, histo, tensor } = value;
    const plugin = value.metadata?.pluginData?.pluginName ?? this.#plugins.get(tag) ?? "";
    if (plugin !== "") this.#plugins.set(tag, plugin);
    if (simpleValue !== undefined) return this.scalars.add(tag, { step, epoch: null, value: simpleValue, atMs });
    if (histo !== undefined) return this.#addHistogram(tag, step, atMs, oldHistogram(histo));
    if (tensor === undefined) return;
    const numbers = numbersOf(tensor);
    if (plugin === "scalars" && numbers.length > 0)
      this.scalars.add(tag, { step, epoch: null, value: numbers[0]!, atMs });
    if (plugin === "histograms" && numbers.length >= 3) this.#addHistogram(tag, step, atMs, newHistogram(numbers));
  }

  #addHistogram(name: string, step: number, atMs: number, histogram: Spread | null): void {
    if (histogram !== null) this.histograms.push({ name, step, epoch: null, atMs, ...histogram });
  }
}

type Spread = Pick<HistogramPoint, "edges" | "counts">;

/** Buckets by their upper limits; the outermost ones reach to ±1.8e308, so the least and largest value stand there instead. */
function oldHistogram({ bucketLimit, bucket, min, max }: NonNullable<ValueMessage["histo"]>): Spread | null {
  const kept = bucket.map((count, i) => ({ count, limit: Math.min(bucketLimit[i] ?? max, max) }));
  return ascending([min, ...kept.map(({ limit }) => limit)], kept.map(({ count }) => count)); // prettier-ignore
}

/** Rows of left edge, right edge, count. */
function newHistogram(numbers: readonly number[]): Spread | null {
  const rows = Array.from({ length: Math.floor(numbers.length / 3) }, (_, i) => numbers.slice(3 * i, 3 * i + 3));
  return ascending([rows[0]![0]!, ...rows.map((row) => row[1]!)], rows.map((row) => row[2]!)); // prettier-ignore
}

/** Bins without width are taken into the next one that has some. */
function ascending(edges: readonly number[], counts: readonly number[]): Spread | null {
  const kept: { edges: number[]; counts: number[] } = { edges: [edges[0] ?? 0], counts: [] };
  let carried = 0;
  for (const [i, count] of counts.entries()) {
    carried += count;
    if (!(edges[i + 1]! > kept.edges.at(-1)!)) continue;
    kept.edges.push(edges[i + 1]!);
    kept.counts.push(carried);
    carried = 0;
  }
  if (kept.counts.length === 0) return null;
  kept.counts[kept.counts.length - 1]! += carried;
  return kept;
}

/** float32 (1), float64 (2), int32 (3) and int64 (9) as numbers. */
function numbersOf({ dtype, tensorContent, floatVal, doubleVal, intVal, int64Val }: TensorMessage): number[] {
  if (tensorContent === undefined || tensorContent.length === 0)
    return [...(floatVal ?? doubleVal ?? intVal ?? int64Val ?? [])];
  const bytes = Buffer.from(tensorContent);
  const size = dtype === 1 || dtype === 3 ? 4 : 8;
  return Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => {
    if (dtype === 1) return bytes.readFloatLE(4 * i);
    if (dtype === 2) return bytes.readDoubleLE(8 * i);
    return dtype === 3 ? bytes.readInt32LE(4 * i) : Number(bytes.readBigInt64LE(8 * i));
  });
}
