// The row of a run that is about to be: what it is, what it is made of and where it comes from.
import { randomUUID } from "node:crypto";
import { type LoadedExperiment, type Plan, type PlannedRun, type Settings } from "../experiment/index.ts";
import { freezeText } from "../experiment/freeze-text.ts";
import { hookSource, type HistogramSettings, type Hooks } from "../experiment/hooks.ts";
import { badImageRecords } from "../data/bad-images.ts";
import type { Manifest, Split } from "../data/sample.ts";
import type { EngineIdentity } from "../engine/engine.ts";
import { elementCount, isStatistic, type Network } from "../model/network.ts";
import type { NewRun } from "../store/new-run.ts";
import type { EngineChange } from "../train/chain.ts";
import { stageOf } from "../train/stages.ts";
import type { CodeState } from "./code-digest.ts";
import type { WeightsOrigin } from "./initial-weights.ts";
import type { Provenance } from "./provenance.ts";

/** The row's `config`: all that a run is made of, besides its seed. */
export type RunConfig = Pick<Plan, "split" | "source" | "positiveClass" | "onBadImage" | "sampleLimit"> & {
  readonly settings: Settings;
  /** Source of the hook, and what else is recorded; absent: nothing. */
  readonly hooks?: StoredHooks;
};

export interface StoredHooks {
  readonly onEpochEnd?: string;
  readonly histograms?: HistogramSettings | null;
}

/** The row's `provenance`: what has no column of its own. */
export type StoredProvenance = Pick<
  Provenance,
  "versions" | "machine" | "sources" | "environment" | "database" | "workingDirectory" | "experimentFile" | "engine"
> & {
  readonly codeFiles: CodeState["files"];
  readonly gitRoot: string | null;
  readonly gitDiffTruncated: boolean;
  /** Of the file that the run starts from; null: random weights. */
  readonly weightsSha256: string | null;
  /** Where it went on on another engine, first one first; absent: it stayed on one. */
  readonly engineChanges?: readonly PlacedEngineChange[];
};

/** After `batch` training batches of `epoch`, both from 1. */
export interface PlacedEngineChange extends EngineChange {
  readonly epoch: number;
  readonly batch: number;
}

export interface RunParts {
  /** Of the experiment's file, for the table of experiments. */
  readonly loaded: LoadedExperiment;
  readonly plan: Plan;
  readonly planned: PlannedRun;
  readonly manifest: Manifest;
  readonly split: Split;
  readonly network: Network;
  readonly engine: EngineIdentity;
  readonly provenance: Provenance;
  readonly weights: WeightsOrigin;
  readonly parentRunId: string | null;
}

export function newRunRow(parts: RunParts): NewRun {
  return {
    runId: randomUUID(),
    ...identityOf(parts),
    ...settingColumns(configOf(parts), parts.network),
    ...engineOf(parts.engine),
    ...provenanceOf(parts),
    status: "running",
    question: parts.loaded.docstring,
    file: parts.loaded.file,
  };
}

function identityOf({ plan, planned, manifest, split, weights, parentRunId }: RunParts) {
  return {
    project: plan.project,
    experiment: plan.experiment,
    variant: planned.variant,
    seed: planned.seed,
    fold: planned.fold,
    settingsHash: planned.settingsHash,
    datasetDigest: manifest.digest,
    splitDigest: split.digest,
    classes: [...manifest.classes],
    positiveClass: plan.positiveClass,
    simulated: manifest.simulated,
    smoke: plan.sampleLimit !== null,
    init: weights.origin,
    parentRunId,
    trainSamples: split.train.length,
    valSamples: split.val.length,
    testSamples: split.test.length,
    badImages: badImageRecords(manifest),
  };
}

function configOf({ plan, planned: { settings } }: RunParts): RunConfig {
  const { split, source, positiveClass, onBadImage, sampleLimit } = plan;
  return { settings, split, source, positiveClass, onBadImage, sampleLimit, ...storedHooksOf(plan.hooks) };
}

function storedHooksOf(hooks: Hooks): Pick<RunConfig, "hooks"> {
  const onEpochEnd = hookSource(hooks);
  if (onEpochEnd === undefined && hooks.histograms === null) return {};
  return { hooks: { ...(onEpochEnd !== undefined && { onEpochEnd }), histograms: hooks.histograms } };
}

/** Columns that repeat the settings, so that one can filter by them, and `config` itself. */
export function settingColumns(config: RunConfig, network: Network) {
  const { settings } = config;
  const { trainable } = stageOf(settings, network, 1);
  const parameters = network.parameters.filter((parameter) => !isStatistic(parameter));
  const count = (chosen: typeof parameters) => chosen.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const { size, layout, widthMult, imageSizePx, batchSize, epochs, optimizer, lr, freeze } = settings;
  return {
    config,
    ...{ size, layout, widthMult, imageSizePx, batchSize, epochs, lr },
    optimizer: optimizer.kind,
    freeze: freezeText(freeze),
    parametersTotal: count(parameters),
    parametersTrainable: count(parameters.filter(({ name }) => trainable.has(name))),
  };
}

function engineOf({ name, version, device, kernels, threads }: EngineIdentity) {
  return { engine: name, engineVersion: version, device, kernels, threads };
}

function provenanceOf({ provenance, weights }: RunParts) {
  const { git, code, lockfileSha256, versions, machine, commandLine, sources, ...rest } = provenance;
  return {
    codeDigest: code.digest,
    gitCommit: git?.commit ?? null,
    gitBranch: git?.branch ?? null,
    gitDiff: git?.diff ?? null,
    lockfileDigest: lockfileSha256,
    nodeVersion: versions.node,
    packageVersion: versions.lockstep,
    os: machine.os,
    cpu: machine.cpu,
    host: machine.host,
    commandLine: commandLine.join(" "),
    experimentText: sources[0]?.text ?? null,
    provenance: {
      ...rest,
      ...{ versions, machine, sources },
      codeFiles: code.files,
      gitRoot: git?.root ?? null,
      gitDiffTruncated: git?.diffTruncated ?? false,
      weightsSha256: weights.file?.sha256 ?? null,
    } satisfies StoredProvenance,
  };
}
