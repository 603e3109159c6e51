// The weights that a stored run started from, found again: its parent's best checkpoint, its file or a bundle's, checked by digest.
import { LockstepError } from "../errors.ts";
import { fileDigest } from "../file-digest.ts";
import { networkOf } from "./check-plan.ts";
import { hasClasses, locateWeights, type ParentWeights, type WeightsOrigin } from "./initial-weights.ts";
import type { Recorded } from "./recorded.ts";
import { bestCheckpoint } from "./shared-run.ts";
import type { Workshop } from "./workshop.ts";

type Place = Pick<Workshop, "store" | "home">;

/** @throws LockstepError "weights-invalid" where the file is gone or another one now */
export async function storedWeights(recorded: Recorded, place: Place): Promise<WeightsOrigin> {
  const { config, provenance, run, manifest } = recorded;
  const planned = { settings: config.settings, variant: run.variant, seed: run.seed, settingsHash: run.settingsHash };
  const weights = await locateWeights({
    network: networkOf(planned, manifest.classes.length),
    settings: config.settings,
    classes: manifest.classes,
    experimentFile: provenance.experimentFile,
    parent: config.settings.init.kind === "run" ? await parentOf(recorded, place) : null,
  });
  checkSha256(weights.origin, weights.file?.sha256 ?? null, recorded);
  return weights;
}

/** Path of the file that the run started from; null: random weights. */
export async function initialFile(recorded: Recorded, place: Place): Promise<string | null> {
  return (await storedWeights(recorded, place)).file?.path ?? null;
}

/** The same from a bundle. @param path of the unpacked file, or null where the bundle has none */
export async function bundledWeights(
  { config, run, manifest, ...recorded }: Recorded,
  path: string | null,
): Promise<WeightsOrigin> {
  const { init } = config.settings;
  if (init.kind === "random") return { origin: "random", file: null };
  if (path === null) {
    throw new LockstepError({
      code: "weights-invalid",
      message: `the bundle of run ${run.runId} has no initial weights, and the run started from ${run.init ?? init.kind}`,
      next: "Make the bundle again with --weights initial.",
    });
  }
  const sha256 = await fileDigest(path);
  const origin = run.init ?? init.kind;
  checkSha256(origin, sha256, recorded);
  const classifier =
    init.kind === "file" ? init.classifier : init.kind === "run" && (await hasClasses(path, manifest.classes));
  return { origin, file: { path, sha256, classifier } };
}

function checkSha256(origin: string, received: string | null, { provenance }: Pick<Recorded, "provenance">): void {
  if (received === provenance.weightsSha256) return;
  throw new LockstepError({
    code: "weights-invalid",
    message: `the initial weights ${origin} have sha256 ${received}, the run started from ${provenance.weightsSha256}`,
    next: "Bring the file back that the run started from.",
  });
}

async function parentOf({ run }: Recorded, { store, home }: Place): Promise<ParentWeights> {
  const path = run.parentRunId === null ? null : await bestCheckpoint(store, run.parentRunId, home);
  if (run.parentRunId !== null && path !== null) return { runId: run.parentRunId, path };
  throw new LockstepError({
    code: "weights-invalid",
    message: `the checkpoint of run ${run.parentRunId ?? "(deleted)"}, from which this run started, is not in ${home}`,
    next: "Run its experiment again, or work on the machine that has it.",
  });
}
