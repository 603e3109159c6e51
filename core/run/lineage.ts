// `init: fromRun("experiment/variant/seed")`: which experiment file that is, and the one run of it that is meant. Nothing is run here.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { LockstepError } from "../errors.ts";
import { parseSeed, seedText, type SeedAndFold } from "../store/seed-text.ts";
import { loadExperiment, planRuns, type LoadedExperiment, type Plan } from "../experiment/index.ts";

/** An experiment's plan and the plans that its runs start from. */
export interface SweepPlan {
  readonly loaded: LoadedExperiment;
  readonly plan: Plan;
  /** By the text of `init.run`; each holds exactly one run. */
  readonly parents: ReadonlyMap<string, SweepPlan>;
}

/** Follows every reference down to runs with random weights or weights of a file. @throws LockstepError */
export async function planLineage(loaded: LoadedExperiment, plan: Plan, smoke: boolean): Promise<SweepPlan> {
  return follow(loaded, plan, { smoke, trail: [] });
}

interface Context {
  readonly smoke: boolean;
  /** "file#variant/seed" of every run that led here; a run that starts from itself would never start. */
  readonly trail: readonly string[];
}

async function follow(loaded: LoadedExperiment, plan: Plan, context: Context): Promise<SweepPlan> {
  const parents = new Map<string, SweepPlan>();
  for (const { settings } of plan.runs) {
    if (settings.init.kind !== "run" || parents.has(settings.init.run)) continue;
    parents.set(settings.init.run, await planParent(settings.init.run, loaded, context));
  }
  return { loaded, plan, parents };
}

async function planParent(reference: string, from: LoadedExperiment, { smoke, trail }: Context): Promise<SweepPlan> {
  const { file, variant, seed, fold } = locate(reference, from.file);
  const key = `${file}#${variant}/${seedText({ seed, fold })}`;
  if (trail.includes(key)) throw invalidReference(reference, from.file, "its own weights come from this run");
  const loaded = await loadExperiment(file);
  const folds = fold === null ? undefined : [fold];
  const plan = planRuns(loaded.experiment, { variants: [variant], seeds: [seed], folds, smoke });
  if (plan.runs.length > 1)
    throw invalidReference(reference, from.file, `its split has folds; name one: "…/${seed}.0"`);
  return follow(loaded, plan, { smoke, trail: [...trail, key] });
}

interface Located extends SeedAndFold {
  readonly file: string;
  readonly variant: string;
}

/** "experiment/variant/seed" stands beside the file that names it; "./file.ts#variant/seed" says where. */
function locate(reference: string, from: string): Located {
  const [path, inner] = reference.includes("#") ? reference.split("#", 2) : splitName(reference);
  const [variant, seed, ...rest] = (inner ?? "").split("/");
  const position = parseSeed(seed ?? "");
  if (!path || !variant || position === null || rest.length > 0) {
    throw invalidReference(reference, from, 'expected "experiment/variant/seed" or "./file.ts#variant/seed"');
  }
  const file = reference.includes("#") ? resolve(dirname(from), path) : fileBeside(from, path);
  if (file === null || !existsSync(file))
    throw invalidReference(reference, from, `no experiment file for it in ${dirname(from)}`);
  return { file, variant, ...position };
}

function splitName(reference: string): [string, string] {
  const slash = reference.indexOf("/");
  return [reference.slice(0, slash), reference.slice(slash + 1)];
}

function fileBeside(from: string, experiment: string): string | null {
  const candidates = [".ts", ".mts", ".js", ".mjs"].map((ending) => join(dirname(from), experiment + ending));
  return candidates.find((path) => existsSync(path)) ?? null;
}

function invalidReference(reference: string, from: string, reason: string): LockstepError {
  return new LockstepError({
    code: "experiment-invalid",
    message: `${from}: init: fromRun("${reference}"): ${reason}.`,
    next: "Name a run of an experiment file beside this one, or use init: random().",
  });
}
