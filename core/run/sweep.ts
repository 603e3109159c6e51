// `exp run FILE`: everything is checked before anything is stored, what the runs start from is trained first, an unfinished sweep is
// gone on with, a finished one makes new runs.
import { LockstepError } from "../errors.ts";
import { loadExperiment, planRuns, type Overrides } from "../experiment/index.ts";
import { expHome } from "../home.ts";
import { reached } from "../phases.ts";
import { withUploads } from "../store/artifacts/uploader.ts";
import { openStoreOrAway, sendReleased, storeName, type Store } from "../store/index.ts";
import { beginDrawing } from "./initial-weights.ts";
import type { Interrupt } from "./interrupt.ts";
import { listJobs, type Job } from "./jobs.ts";
import { planLineage, type SweepPlan } from "./lineage.ts";
import type { RunSummary, SweepObserver } from "./observer.ts";
import type { RetryFailed } from "./retry.ts";
import { checkSharing } from "./shared-images.ts";
import { runJobs } from "./run-jobs.ts";
import { goOnWithout } from "./without-database.ts";
import { openWorkshop, uploadsOf, type EngineRequest, type Workshop } from "./workshop.ts";

export interface SweepOptions extends EngineRequest {
  readonly file: string;
  readonly overrides: Overrides;
  /** A checkpoint every so many steps besides every epoch, or null. */
  readonly checkpointEverySteps: number | null;
  /** New runs, whatever is stored. */
  readonly fresh: boolean;
  /** Whether runs that failed before are trained again. */
  readonly retryFailed: RetryFailed;
  /** Into the queue with this priority, for workers to train; null: trained here. What others start from is trained here in any case. */
  readonly queuePriority: number | null;
  /** Prepared images into the artifact store, for workers without the images; absent: no. */
  readonly shareImages?: boolean;
}

export interface SweepSurroundings {
  readonly observer: SweepObserver;
  readonly interrupt: Interrupt;
  /** Starts the dashboard beside the sweep, or not; not asked while the database is away. */
  readonly serve: (store: Store) => Promise<{ readonly close: () => Promise<void> } | null>;
}

export interface SweepResult {
  /** The experiment's own runs, in the order of the plan. */
  readonly runs: readonly RunSummary[];
  readonly errors: readonly LockstepError[];
}

/** @throws LockstepError before anything is stored where the experiment, its data or its surroundings are wrong; Interrupted */
export async function runSweep(options: SweepOptions, around: SweepSurroundings): Promise<SweepResult> {
  const { observer, interrupt } = around;
  const { checkpointEverySteps } = options;
  const home = expHome();
  if (options.shareImages === true) checkSharing();
  const opening = openWorkshop(options, { observer, interrupt, home, checkpointEverySteps });
  opening.catch(() => undefined); // told where it is awaited
  try {
    const jobs = await plan(options, observer); // while the engine's threads test their kernels
    interrupt.signal.throwIfAborted();
    const [first] = jobs;
    if (first !== undefined) beginDrawing(first.network, first.planned.settings, first.planned.seed);
    const store = await openToldStore(observer);
    reached("store");
    try {
      if (store.away !== null) goOnWithout(store.away, { jobs, options, home }, observer);
      const workshop = { ...(await opening), store };
      return await withUploads(uploadsOf(workshop), () =>
        trainBesideDashboard(jobs, options, { workshop, serve: around.serve }),
      );
    } finally {
      await sendReleased(store, home, observer.notice).finally(() => store.close());
    }
  } finally {
    await opening.then(
      (workshop) => workshop.close(),
      () => undefined,
    );
  }
}

/** A database that takes its time to answer, or not to, is named. */
const SAY_AFTER_MS = 1500;

async function openToldStore({ stage, notice }: SweepObserver): Promise<Store> {
  const late = setTimeout(() => stage(`waiting for the database: ${storeName()}`), SAY_AFTER_MS);
  return openStoreOrAway({}, notice).finally(() => clearTimeout(late));
}

async function trainBesideDashboard(
  jobs: readonly Job[],
  options: SweepOptions,
  { workshop, serve }: { readonly workshop: Workshop } & Pick<SweepSurroundings, "serve">,
): Promise<SweepResult> {
  const dashboard = workshop.store.away === null ? await serve(workshop.store) : null;
  reached("engine");
  try {
    return await runJobs(jobs, options, workshop);
  } finally {
    await dashboard?.close();
  }
}

async function plan({ file, overrides }: SweepOptions, observer: SweepObserver): Promise<Job[]> {
  const loaded = await loadExperiment(file);
  const sweep = await planLineage(loaded, planRuns(loaded.experiment, overrides), overrides.smoke ?? false);
  if (overrides.smoke) refuseDownloads(sweep);
  reached("experiment");
  const jobs = await listJobs(sweep, observer);
  reached("data");
  for (const shares of new Set(jobs.map(({ data }) => data.shares))) observer.stage(shares);
  const warnings = jobs.flatMap((job) => [...job.sweep.plan.warnings, ...job.data.warnings]);
  for (const warning of new Set(warnings)) observer.notice(warning);
  return jobs;
}

/** --smoke never touches the network. */
function refuseDownloads({ plan: { experiment, source, runs }, parents }: SweepPlan): void {
  for (const parent of parents.values()) refuseDownloads(parent);
  const variant = runs.find(({ settings }) => settings.init.kind === "imagenet")?.variant;
  const published = source.kind === "catalogue" ? source.name : source.kind === "busi" ? source.kind : null;
  if (published === null && variant === undefined) return;
  const what = published !== null ? `data set ${published}` : `variant "${variant}" needs ImageNet weights, which`;
  throw new LockstepError({
    code: "usage",
    message: `--smoke never touches the network, and ${experiment}'s ${what} may have to be downloaded.`,
    next: `Run it without --smoke, or with --data PATH and --set 'init={"kind":"random"}'.`,
  });
}
