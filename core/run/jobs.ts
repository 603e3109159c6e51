// A sweep as a list of jobs, each one run: what the others start from comes first.
import type { Manifest, Split } from "../data/sample.ts";
import { hashOf, type PlannedRun } from "../experiment/index.ts";
import { seedText } from "../store/seed-text.ts";
import type { Network } from "../model/network.ts";
import { checkPlan, networkOf } from "./check-plan.ts";
import type { SweepPlan } from "./lineage.ts";
import { openData, type DataWatch, type OpenData } from "./open-data.ts";

export interface Job {
  /** Experiment file, variant, seed, fold, settings and data: the same run named twice is one job. */
  readonly key: string;
  readonly sweep: SweepPlan;
  readonly planned: PlannedRun;
  /** Whether others start from it; else it is one of the sweep's own. */
  readonly role: "parent" | "own";
  readonly data: OpenData;
  readonly manifest: Manifest;
  readonly split: Split;
  readonly network: Network;
  /** Key of the job whose weights it starts from. */
  readonly parentKey: string | null;
}

/** Lists the images of every plan and checks every run. Nothing is stored. @throws LockstepError */
export async function listJobs(sweep: SweepPlan, watch: DataWatch): Promise<Job[]> {
  const jobs = new Map<string, Job>();
  await addJobs(sweep, "own", watch, jobs);
  return [...jobs.values()];
}

async function addJobs(sweep: SweepPlan, role: Job["role"], watch: DataWatch, jobs: Map<string, Job>): Promise<void> {
  for (const parent of sweep.parents.values()) await addJobs(parent, "parent", watch, jobs);
  const known = (planned: PlannedRun) => jobs.get(keyOf(sweep, planned));
  for (const job of sweep.plan.runs.map(known))
    if (job !== undefined && role === "own") jobs.set(job.key, { ...job, role });
  const wanted = sweep.plan.runs.filter((planned) => known(planned) === undefined);
  if (wanted.length === 0) return;
  const data = await openData(sweep.plan, watch);
  const { manifest } = data;
  checkPlan(sweep.plan, manifest, data.splitOf);
  for (const planned of wanted) {
    const split = data.splitOf(planned);
    const network = networkOf(planned, manifest.classes.length);
    const key = keyOf(sweep, planned);
    jobs.set(key, {
      key,
      sweep,
      planned,
      role,
      data,
      manifest,
      split,
      network,
      parentKey: parentKeyOf(sweep, planned),
    });
  }
}

function keyOf({ loaded, plan }: SweepPlan, { variant, settingsHash, ...position }: PlannedRun): string {
  return `${loaded.file}#${variant}/${seedText(position)} ${settingsHash} ${hashOf(plan.source)}`;
}

function parentKeyOf(sweep: SweepPlan, { settings }: PlannedRun): string | null {
  if (settings.init.kind !== "run") return null;
  const parent = sweep.parents.get(settings.init.run);
  const [planned] = parent?.plan.runs ?? [];
  return parent === undefined || planned === undefined ? null : keyOf(parent, planned);
}
