// What SOURCE means on the command line of exp data: a path to data, or an experiment file, whose data is meant.
import { listSource, sourceFromPath, type Listing, type Source } from "../data/index.ts";
import { loadExperiment } from "../experiment/index.ts";
import { duration } from "./progress.ts";

export async function sourceOf(text: string): Promise<Source> {
  return (await dataOf(text)).source;
}

/** With what is to happen with bad images: what the experiment says, else they stop it. */
export async function dataOf(text: string): Promise<{ source: Source; onBadImage: "stop" | "skip" }> {
  if (!/\.[cm]?[tj]s$/.test(text)) return { source: sourceFromPath(text), onBadImage: "stop" };
  const { data, onBadImage = "stop" } = (await loadExperiment(text)).experiment;
  return { source: data, onBadImage };
}

/** Lists it with its progress on standard error; bad images are left out and reported by the caller. */
export async function listForLooking(source: Source): Promise<Listing> {
  return listSource(source, { onBadImage: "skip", progress: progressLine("looking at images") });
}

/** A line that counts up on a terminal, with the time left; silent elsewhere. */
export function progressLine(what: string): (done: number, total: number) => void {
  if (!process.stderr.isTTY) return () => {};
  const startedMs = performance.now();
  return (done, total) => {
    const leftMs = ((performance.now() - startedMs) / done) * (total - done);
    const end = done === total ? "\u001b[K\n" : `, ${duration(leftMs)} left\u001b[K`; // erases what is left of a longer line
    process.stderr.write(`\r${what}: ${done} of ${total}${end}`);
  };
}

/** A line that counts up, for each thing that is counted. */
export function countingLines(): (what: string, done: number, total: number) => void {
  const lines = new Map<string, (done: number, total: number) => void>();
  return (what, done, total) => {
    const line = lines.get(what) ?? progressLine(what);
    lines.set(what, line);
    line(done, total);
  };
}
