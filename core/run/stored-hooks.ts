// The hooks of a run that is gone on with: a function cannot be stored, so it is taken from the experiment file as it is now, where it
// is still the one that the run began with.
import { hookSource, hooksOf, type Hooks } from "../experiment/hooks.ts";
import { loadExperiment } from "../experiment/index.ts";
import type { Recorded } from "./recorded.ts";

/** @param notice told where the hook cannot be called any more */
export async function storedHooks({ config, provenance }: Recorded, notice: (text: string) => void): Promise<Hooks> {
  const { onEpochEnd: source, histograms = null } = config.hooks ?? {};
  if (source === undefined) return { onEpochEnd: null, histograms };
  const now = await hookIn(provenance.experimentFile);
  if (now !== null && hookSource({ onEpochEnd: now }) === source) return { onEpochEnd: now, histograms };
  notice(`${provenance.experimentFile} no longer holds the onEpochEnd that the run began with: it is not called`);
  return { onEpochEnd: null, histograms };
}

async function hookIn(file: string): Promise<Hooks["onEpochEnd"]> {
  try {
    return hooksOf((await loadExperiment(file)).experiment).onEpochEnd;
  } catch {
    return null; // moved, or not to be loaded any more: told by the caller
  }
}
