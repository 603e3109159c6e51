// The hooks of a run that is gone on with: a function cannot be stored, so it is taken from the experiment file as it is now, where it
// is still the one that the run began with; or from the text that is stored with the run, where whoever made it is trusted.
import { rm } from "node:fs/promises";
import { LockstepError } from "../errors.ts";
import { hookSource, hooksOf, type Hooks } from "../experiment/hooks.ts";
import { loadExperiment } from "../experiment/index.ts";
import type { Recorded } from "./recorded.ts";
import { unpackSources } from "./unpacked-sources.ts";

/** What becomes of a hook that this machine's experiment file does not hold: it is not called, the run is refused, or it is called. */
export type ForeignHooks = "leave" | "refuse" | "trust";

export interface HooksHere {
  readonly hooks: Hooks;
  /** After the run. */
  readonly release: () => Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();

/** @param notice told where the hook cannot be called any more @throws LockstepError "run-state" where it is refused */
export async function storedHooks(
  { run, config, provenance }: Recorded,
  foreign: ForeignHooks,
  notice: (text: string) => void,
): Promise<HooksHere> {
  const { onEpochEnd: source, histograms = null } = config.hooks ?? {};
  const without = { hooks: { onEpochEnd: null, histograms }, release: nothing };
  if (source === undefined) return without;
  const file = provenance.experimentFile;
  const here = await hookIn(file, source);
  if (here !== null) return { hooks: { onEpochEnd: here, histograms }, release: nothing };
  if (foreign === "refuse") throw refused(run.runId, file);
  if (foreign === "trust") {
    const unpacked = await unpackSources(provenance.sources);
    const release = () => rm(unpacked.folder, { recursive: true, force: true });
    const theirs = await hookIn(unpacked.file, source);
    if (theirs !== null) return { hooks: { onEpochEnd: theirs, histograms }, release };
    await release();
  }
  notice(`${file} no longer holds the onEpochEnd that the run began with: it is not called`);
  return without;
}

/** Null: moved, changed, or not to be loaded any more. */
async function hookIn(file: string, source: string): Promise<Hooks["onEpochEnd"]> {
  try {
    const { onEpochEnd } = hooksOf((await loadExperiment(file)).experiment);
    return onEpochEnd !== null && hookSource({ onEpochEnd }) === source ? onEpochEnd : null;
  } catch {
    return null;
  }
}

function refused(runId: string, file: string): LockstepError {
  return new LockstepError({
    code: "run-state",
    message: `run ${runId} brings code of its own: ${file} on this machine does not hold its onEpochEnd.`,
    next: "exp worker --trust-code runs it: code of whoever queued the run.",
  });
}
