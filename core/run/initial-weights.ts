// Where a run's first state comes from: drawn from its seed, and over that the backbone of a file, of torchvision or of another run.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { LockstepError } from "../errors.ts";
import type { Settings } from "../experiment/index.ts";
import { expHome } from "../home.ts";
import { drawAhead, drawnAhead } from "../model/draw-ahead.ts";
import { initialState } from "../model/initialize.ts";
import type { Network } from "../model/network.ts";
import { imagenetFile, weightsCache } from "../model/weights/imagenet.ts";
import { importWeights, summariseReport } from "../model/weights/import-weights.ts";
import { readCheckpoint } from "../train/checkpoint.ts";

/** The checkpoint that a run starts from. */
export interface ParentWeights {
  readonly runId: string;
  /** Absolute path of its best checkpoint. */
  readonly path: string;
}

/** A file of weights, or none: random ones. */
export interface WeightsOrigin {
  /** For people and for the run's row: "random", "run:<id>", "file:<path>", "imagenet:V1". */
  readonly origin: string;
  readonly file: { readonly path: string; readonly sha256: string; readonly classifier: boolean } | null;
}

export interface WeightsRequest {
  readonly network: Network;
  readonly settings: Settings;
  readonly classes: readonly string[];
  /** Paths in the experiment are relative to this file. */
  readonly experimentFile: string;
  /** Present where settings.init names a run. */
  readonly parent: ParentWeights | null;
}

/** Finds, and where needed downloads, the file. @throws LockstepError "weights-invalid", "data-unreachable" */
export async function locateWeights(request: WeightsRequest): Promise<WeightsOrigin> {
  const { network, settings, classes, experimentFile, parent } = request;
  const { init } = settings;
  switch (init.kind) {
    case "random":
      return { origin: "random", file: null };
    case "file":
      return found(`file:${init.path}`, resolve(dirname(experimentFile), init.path), init.classifier);
    case "imagenet": {
      const path = await imagenetFile(network, { weights: init.weights, cacheDir: weightsCache(expHome()) });
      return found(`imagenet:${init.weights}`, path, false);
    }
    case "run":
      if (parent === null)
        throw new LockstepError({ code: "internal", message: `init: run ${init.run} is not there yet` });
      return found(`run:${parent.runId}`, parent.path, await hasClasses(parent.path, classes));
  }
}

export interface InitialWeights {
  readonly state: Map<string, Float32Array>;
  /** What was loaded and what was not, as lines of the run's log. */
  readonly report: readonly string[];
}

/** @throws LockstepError "weights-invalid" where too little of the backbone loads */
export async function loadWeights(
  { network, settings, seed }: { network: Network; settings: Settings; seed: number },
  { origin, file }: WeightsOrigin,
): Promise<InitialWeights> {
  const drawn = await drawnAhead(network, seed);
  if (file === null) return { state: initialState(network, seed, drawn), report: [] };
  const options = { includeClassifier: file.classifier, minLoaded: settings.minLoaded };
  const { state, report } = await importWeights(network, file.path, options);
  return {
    state: initialState(network, seed, new Map([...drawn, ...state])),
    report: [`weights ${origin}: ${summariseReport(report)}`, ...report.warnings],
  };
}

/** Begins to draw what a run will not find in a file: while the database is asked and the program compiled. */
export function beginDrawing(network: Network, { init }: Settings, seed: number): void {
  const isHead = (name: string): boolean => name.startsWith("classifier.");
  if (init.kind === "random") drawAhead(network, seed, () => true);
  else if (!(init.kind === "file" && init.classifier)) drawAhead(network, seed, isHead);
}

function found(origin: string, path: string, classifier: boolean): WeightsOrigin {
  if (!existsSync(path)) {
    throw new LockstepError({
      code: "weights-invalid",
      message: `init: ${origin}: no such file, ${path}`,
      next: "Give the path of a weights file, relative to the experiment file, or use init: random().",
    });
  }
  return { origin, file: { path, sha256: createHash("sha256").update(readFileSync(path)).digest("hex"), classifier } };
}

/** The classifier goes over where it tells the same classes apart. */
export async function hasClasses(path: string, classes: readonly string[]): Promise<boolean> {
  const { network } = await readCheckpoint(path); // checks every bit of it too
  return JSON.stringify(network.classes) === JSON.stringify(classes);
}
