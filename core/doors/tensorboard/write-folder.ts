// Runs as TensorBoard logs: one folder a run, in it one event file with scalars (float32, as TensorBoard keeps them) and histograms.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { StoredForeignRun } from "../read-stored.ts";
import { folderName } from "../folder-name.ts";
import { encodeEvent, type EventMessage } from "./event-messages.ts";
import { encodeRecord } from "./records.ts";

/** The same run gives the same file again. @returns its path */
export async function writeTensorboard(run: StoredForeignRun, folder: string): Promise<string> {
  const own = join(
    folder,
    folderName(run.experiment),
    `${folderName(run.variant)}-${run.seed}-${run.runId.slice(0, 8)}`,
  );
  const began = (run.startedAt?.getTime() ?? 0) / 1000;
  const path = join(own, `events.out.tfevents.${Math.floor(began)}.lockstep.${run.runId}`);
  await mkdir(own, { recursive: true });
  const first = { wallTime: began, fileVersion: "brain.Event:2" };
  await writeFile(
    path,
    Buffer.concat([first, ...eventsOf(run, began)].map((event) => encodeRecord(encodeEvent(event)))),
  );
  return path;
}

/** In the order of steps in each series; what has no time of its own gets the run's beginning. */
function eventsOf({ series, histograms }: StoredForeignRun, began: number): Partial<EventMessage>[] {
  const seconds = (atMs: number | null): number => (atMs === null ? began : atMs / 1000);
  const scalars = series.flatMap(({ name, points }) =>
    points.map(({ step, value, atMs }) => ({
      wallTime: seconds(atMs),
      step,
      summary: { value: [{ tag: name, simpleValue: value }] },
    })),
  );
  const spread = histograms.map(({ name, step, atMs, edges, counts }) => ({
    wallTime: seconds(atMs),
    step,
    summary: { value: [{ tag: name, histo: histogramMessage(edges, counts) }] },
  }));
  return [...scalars, ...spread];
}

/** Sums are those of the bins' middles. */
function histogramMessage(edges: readonly number[], counts: readonly number[]) {
  const middles = counts.map((_, i) => (edges[i]! + edges[i + 1]!) / 2);
  const sum = (term: (i: number) => number) => counts.reduce((total, _, i) => total + term(i), 0);
  return {
    min: edges[0]!,
    max: edges.at(-1)!,
    num: sum((i) => counts[i]!),
    sum: sum((i) => counts[i]! * middles[i]!),
    sumSquares: sum((i) => counts[i]! * middles[i]! ** 2),
    bucketLimit: edges.slice(1),
    bucket: counts,
  };
}
