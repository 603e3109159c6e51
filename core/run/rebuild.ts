// A stored run as a job again: its plan from its row, its images from where they are now.
import { isAbsolute, resolve } from "node:path";
import type { Source } from "../data/index.ts";
import { LockstepError } from "../errors.ts";
import type { Plan } from "../experiment/index.ts";
import { networkOf } from "./check-plan.ts";
import type { Job } from "./jobs.ts";
import { openData, type DataWatch, type OpenData } from "./open-data.ts";
import type { Recorded } from "./recorded.ts";

export interface RebuildOptions {
  /** Where the images are, if elsewhere than the run's row says. */
  readonly source: Source | null;
  readonly watch: DataWatch;
  /** Other data where it has some, such as prepared images alone; null: the images are looked at. */
  readonly instead?: (source: Source) => Promise<OpenData | null>;
}

/** @throws LockstepError where the images or their classes do not allow to train at all */
export async function rebuildJob(recorded: Recorded, { source, watch, instead }: RebuildOptions): Promise<Job> {
  const { provenance, run } = recorded;
  const plan = planOf(recorded, source ?? fromFolder(recorded.config.source, provenance.workingDirectory));
  const [planned] = plan.runs;
  if (planned === undefined) throw new LockstepError({ code: "internal", message: "a stored run has no plan" });
  const data = (await instead?.(plan.source)) ?? (await openData(plan, watch));
  const { manifest } = data;
  const text = provenance.sources[0]?.text ?? "";
  const loaded = {
    experiment: { name: run.experiment, data: plan.source, positiveClass: plan.positiveClass },
    file: provenance.experimentFile,
    text,
    docstring: "",
  };
  return {
    key: run.runId,
    sweep: { loaded, plan, parents: new Map() },
    planned,
    role: "own",
    data,
    manifest,
    split: data.splitOf(planned),
    network: networkOf(planned, manifest.classes.length),
    parentKey: null,
  };
}

/** What is stored of hooks is their source; `storedHooks` finds them again. */
const NO_HOOKS = { onEpochEnd: null, histograms: null };

function planOf({ run, config }: Recorded, source: Source): Plan {
  const { settings, split, positiveClass, onBadImage, sampleLimit } = config;
  const { variant, seed, fold, settingsHash, project, experiment } = run;
  const runs = [{ variant, seed, fold, settings, settingsHash }];
  return {
    project,
    experiment,
    source,
    split,
    onBadImage,
    positiveClass,
    sampleLimit,
    runs,
    warnings: [],
    hooks: NO_HOOKS,
    halving: null,
  };
}

/** Relative paths of a source mean the folder in which the run was started. */
function fromFolder(source: Source, folder: string): Source {
  if (source.kind === "parts") {
    const { train, val, test } = source;
    return {
      ...source,
      train: fromFolder(train, folder),
      val: fromFolder(val, folder),
      test: fromFolder(test, folder),
    };
  }
  const here = (path: string): string => (isAbsolute(path) ? path : resolve(folder, path));
  if (source.kind === "csv" && source.root !== null)
    return { ...source, path: here(source.path), root: here(source.root) };
  return "path" in source ? { ...source, path: here(source.path) } : source;
}
