// What SOURCE means on the command line of exp data: a path to data, or an experiment file, whose data is meant.
import { listSource, sourceFromPath, type Listing, type Source } from "../data/index.ts";
import { loadExperiment } from "../experiment/index.ts";

export async function sourceOf(text: string): Promise<Source> {
  if (!/\.[cm]?[tj]s$/.test(text)) return sourceFromPath(text);
  return (await loadExperiment(text)).experiment.data;
}

/** Lists it with its progress on standard error; bad images are left out and reported by the caller. */
export async function listForLooking(source: Source): Promise<Listing> {
  return listSource(source, { onBadImage: "skip", progress: progressLine("looking at images") });
}

/** A line that counts up on a terminal; silent elsewhere. */
export function progressLine(what: string): (done: number, total: number) => void {
  if (!process.stderr.isTTY) return () => {};
  return (done, total) => {
    process.stderr.write(`\r${what}: ${done} of ${total}${done === total ? "\n" : ""}`);
  };
}
