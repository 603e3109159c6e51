// An experiment and what the command line narrows or overrides, to the list of runs: variants times seeds.
import { createHash } from "node:crypto";
import { LockstepError } from "../errors.ts";
import type { Source } from "../data/index.ts";
import { gridVariants } from "./grid.ts";
import { hookSource, hooksOf, type Hooks } from "./hooks.ts";
import { suggestion } from "./nearest.ts";
import { parseAssignments } from "./assignments.ts";
import { resolveSettings, storeSizeFor } from "./resolve.ts";
import { drawnVariants } from "./search.ts";
import type { Experiment, Halving, PlannedSplit, Settings, SettingsInput } from "./settings.ts";

/** What the command line says. */
export interface Overrides {
  readonly variants?: readonly string[];
  readonly seeds?: readonly number[];
  /** Of a k-fold split, from 0. */
  readonly folds?: readonly number[];
  /** "key=value", as typed. */
  readonly assignments?: readonly string[];
  readonly data?: Source;
  /** A minute's check of the whole path: 2 epochs, 1 seed, 64 images, 32 px. */
  readonly smoke?: boolean;
}

export interface PlannedRun {
  readonly variant: string;
  readonly seed: number;
  /** Which fold it tests on, from 0; null: the split has no folds. */
  readonly fold: number | null;
  readonly settings: Settings;
  /** sha256 over settings, split and positive class: everything that decides a run's bits except seed, fold and data. */
  readonly settingsHash: string;
}

export interface Plan {
  readonly project: string;
  readonly experiment: string;
  readonly source: Source;
  readonly split: PlannedSplit;
  readonly onBadImage: "stop" | "skip";
  readonly positiveClass: string;
  /** At most so many samples, drawn by the split's hash; null: all. */
  readonly sampleLimit: number | null;
  readonly runs: readonly PlannedRun[];
  /** What a careful reader would be told before anything runs. */
  readonly warnings: readonly string[];
  readonly hooks: Hooks;
  /** Null: every run goes to its end. */
  readonly halving: Halving | null;
}

const SMOKE = { samples: 64, epochs: 2, imageSizePx: 32 } as const;
const DEFAULT_SPLIT = { train: 0.7, val: 0.15, test: 0.15, seed: 0 } as const;

/** The runs of an experiment: variants in the order of the file, in each its seeds, in each its folds. @throws LockstepError "usage" */
export function planRuns(experiment: Experiment, overrides: Overrides = {}): Plan {
  const inputs = variantInputs(experiment);
  const names = chosenVariants(inputs, overrides.variants, experiment.name);
  const seeds = overrides.seeds ?? experiment.seeds ?? [0];
  const assigned = parseAssignments(overrides.assignments ?? []);
  const split = plannedSplit(experiment);
  const folds = chosenFolds(split, overrides.folds, experiment.name);
  const hooks = hooksOf(experiment);
  const onEpochEnd = hookSource(hooks); // undefined: not part of the hash
  const runs = names.flatMap((variant) => {
    const settings = withSmoke(
      resolveSettings(experiment.base ?? {}, inputs.get(variant) ?? {}, assigned),
      overrides.smoke,
    );
    const settingsHash = hashOf({ settings, split, positiveClass: experiment.positiveClass, onEpochEnd });
    const positions = seeds.flatMap((seed) => folds.map((fold) => ({ seed, fold })));
    const chosen = overrides.smoke ? positions.slice(0, 1) : positions;
    return chosen.map((position) => ({ variant, ...position, settings, settingsHash }));
  });
  return {
    project: experiment.project ?? "default",
    experiment: experiment.name,
    source: smokeSource(overrides.data ?? experiment.data, overrides.smoke),
    split,
    onBadImage: experiment.onBadImage ?? "stop",
    positiveClass: experiment.positiveClass,
    sampleLimit: overrides.smoke ? SMOKE.samples : null,
    runs,
    hooks,
    halving: plannedHalving(experiment, runs),
    warnings: warningsOf(runs),
  };
}

function plannedSplit({ split }: Experiment): PlannedSplit {
  return split !== undefined && "folds" in split ? { seed: 0, ...split } : { ...DEFAULT_SPLIT, ...split };
}

/** @throws LockstepError "experiment-invalid" where the runs have different numbers of epochs: their rungs would not be the same */
function plannedHalving({ halving, name }: Experiment, runs: readonly PlannedRun[]): Halving | null {
  if (halving === undefined) return null;
  const epochs = [...new Set(runs.map(({ settings }) => settings.epochs))];
  if (epochs.length > 1) {
    throw new LockstepError({
      code: "experiment-invalid",
      message: `experiment "${name}": halving expects one number of epochs for all variants, received ${epochs.join(" and ")}.`,
      next: "Say epochs in base alone, or leave halving out.",
    });
  }
  return { factor: 3, firstEpochs: 1, metric: "loss", ...halving };
}

/** The folds to run, or one null where the split has none. */
function chosenFolds(
  split: PlannedSplit,
  chosen: readonly number[] | undefined,
  experiment: string,
): readonly (number | null)[] {
  const count = "folds" in split ? split.folds : 0;
  const wrong = chosen?.find((fold) => fold < 0 || fold >= count);
  if (wrong !== undefined) {
    const valid = count === 0 ? "its split has no folds" : `its folds are 0 to ${count - 1}`;
    const message = `--fold ${wrong}: experiment "${experiment}" has no such fold, ${valid}.`;
    throw new LockstepError({
      code: "usage",
      message,
      next: "Leave --fold out, or say split: { folds: 5 } in the file.",
    });
  }
  if (count === 0) return [null];
  return chosen ?? Array.from({ length: count }, (_, fold) => fold);
}

/** Named variants, then the grid's combinations, then the search's draws; an experiment without any has one variant, "base". */
function variantInputs({ variants = {}, grid = {}, search }: Experiment): Map<string, SettingsInput> {
  const drawn = search === undefined ? [] : drawnVariants(search);
  const inputs = new Map([...Object.entries(variants), ...gridVariants(grid), ...drawn]);
  if (inputs.size === 0) inputs.set("base", {});
  return inputs;
}

function chosenVariants(
  inputs: ReadonlyMap<string, unknown>,
  chosen: readonly string[] | undefined,
  experiment: string,
): string[] {
  const valid = [...inputs.keys()];
  for (const name of chosen ?? []) {
    if (!inputs.has(name)) {
      const message = `--variant ${name}: experiment "${experiment}" has no such variant.${suggestion(name, valid)}`;
      throw new LockstepError({ code: "usage", message, next: `Choose from: ${valid.join(", ")}.` });
    }
  }
  return chosen === undefined ? valid : [...chosen];
}

function withSmoke(settings: Settings, smoke: boolean | undefined): Settings {
  if (!smoke) return settings;
  const freeze = settings.freeze.map((stage, index) =>
    index === 0 && stage.epochs !== undefined ? { ...stage, epochs: 1 } : stage,
  );
  return {
    ...settings,
    freeze,
    epochs: SMOKE.epochs,
    imageSizePx: SMOKE.imageSizePx,
    storeSizePx: storeSizeFor(SMOKE.imageSizePx, settings),
  };
}

function smokeSource(source: Source, smoke: boolean | undefined): Source {
  return smoke && source.kind === "phantom" ? { ...source, samples: SMOKE.samples, sizePx: SMOKE.imageSizePx } : source;
}

function warningsOf(runs: readonly PlannedRun[]): string[] {
  const warned = new Map<string, string>();
  for (const { variant, settings } of runs) {
    const frozen = settings.freeze.some((stage) => stage.part !== "none");
    if (!frozen || settings.init.kind !== "random") continue;
    const fade = settings.frozenBatchNorm === "inference" ? '; its signal fades: set frozenBatchNorm: "update"' : "";
    warned.set(variant, `variant "${variant}": a frozen part has random weights${fade}.`);
  }
  return [...warned.values()];
}

/** sha256 of a value's JSON with sorted keys, 64 hex digits. */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** JSON with keys in code-unit order, so that equal values have equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
