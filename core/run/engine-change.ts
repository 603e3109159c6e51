// A run that goes on on another engine: the place and both engines are kept with its provenance, and the chain's next link covers them.
import type { EngineIdentity } from "../engine/engine.ts";
import { findRun, updateRun, type RunRow } from "../store/index.ts";
import type { EngineChange } from "../train/chain.ts";
import { readCheckpoint } from "../train/checkpoint.ts";
import type { LogEvent, Phase } from "../train/recorder.ts";
import { BEGINNING } from "../train/standing.ts";
import { forgetAfter } from "./forget.ts";
import type { Recorded } from "./recorded.ts";
import type { PlacedEngineChange, StoredProvenance } from "./run-row.ts";
import type { Workshop } from "./workshop.ts";

export interface TakeOver {
  readonly run: string;
  /** That the run goes on from, or null: from the beginning. */
  readonly checkpoint: string | null;
  readonly say: (level: LogEvent["level"], text: string) => void;
}

/**
 * The workshop's engine goes on with a run. Where that is not the one that made what comes after the checkpoint, those rows are taken
 * away, for they will have other values.
 * @returns what the next link must tell; null: the same engine made the checkpoint, or nothing was made yet
 */
export async function takeOver(
  { run: runId, checkpoint, say }: TakeOver,
  { store, engine: { identity } }: Pick<Workshop, "store" | "engine">,
): Promise<EngineChange | null> {
  const run = await findRun(store, runId);
  const provenance = run.provenance as StoredProvenance;
  const place = checkpoint === null ? BEGINNING : (await readCheckpoint(checkpoint)).standing;
  const stored = provenance.engineChanges ?? [];
  const from = engineBefore(run, stored, place);
  const to = textOf(identity);
  const { epoch, batch } = place;
  const change = from === to || checkpoint === null ? null : { epoch, batch, from, to };
  const engineChanges = [...stored.filter((one) => isBefore(one, place)), ...(change === null ? [] : [change])];
  if (engineText(run) !== to || JSON.stringify(engineChanges) !== JSON.stringify(stored)) {
    await forgetAfter(store, runId, checkpoint);
    say("warning", `the engine changed: it was ${engineText(run)}, it is ${to} from here on`);
  }
  const { name: engine, version: engineVersion, device, kernels, threads } = identity;
  const { engineChanges: _, ...rest } = provenance;
  const changed = engineChanges.length === 0 ? rest : { ...rest, engineChanges };
  await updateRun(store, runId, { engine, engineVersion, device, kernels, threads, provenance: changed });
  return change;
}

/** First one first. */
export function changesOf({ provenance }: Pick<Recorded, "provenance">): readonly PlacedEngineChange[] {
  return provenance.engineChanges ?? [];
}

/** For people. */
export function changeText({ epoch, batch, from, to }: PlacedEngineChange): string {
  const place = batch === 0 ? `after epoch ${epoch - 1}` : `after train epoch ${epoch}, batch ${batch}`;
  return `the engine changed ${place} from ${from} to ${to}`;
}

/** Whether a batch was made after the change. */
export function isAfter(
  { phase, epoch, batch }: { readonly phase: Phase; readonly epoch: number; readonly batch: number },
  change: PlacedEngineChange,
): boolean {
  if (phase === "test" || epoch > change.epoch) return true;
  return epoch === change.epoch && (phase === "val" || batch > change.batch);
}

/** All that decides the bits of the engine that the run's row names. */
export function engineText({ engine, engineVersion, device, threads }: RunRow): string {
  return textOf({
    name: engine ?? "unknown",
    version: engineVersion ?? "",
    device: device ?? "",
    threads: threads ?? 1,
  });
}

interface Place {
  readonly epoch: number;
  readonly batch: number;
}

function isBefore(one: Place, other: Place): boolean {
  return one.epoch < other.epoch || (one.epoch === other.epoch && one.batch < other.batch);
}

/** Which engine made what stands at a place. */
function engineBefore(run: RunRow, changes: readonly PlacedEngineChange[], place: Place): string {
  const before = changes.filter((change) => isBefore(change, place)).at(-1);
  return before?.to ?? changes[0]?.from ?? engineText(run);
}

/** The portable engine gives the same bits with any kernels and threads. */
function textOf({
  name,
  version,
  device,
  threads,
}: { [K in "name" | "version" | "device"]: string } & Pick<EngineIdentity, "threads">): string {
  return name === "portable" ? `portable ${version}` : `${name} ${version} on ${device} with ${threads} threads`;
}
