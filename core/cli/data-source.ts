// What SOURCE means on the command line of exp data: a path to data, or an experiment file, whose data is meant.
import { listSource, sourceFromPath, type Listing, type Source } from "../data/index.ts";
import { loadExperiment } from "../experiment/index.ts";
import { progressLine } from "./progress-line.ts";

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
  return listSource(source, { onBadImage: "skip", progress: progressLine("looking at images").update });
}
