// Checkpoints of a run under way for the artifact store, so that another machine can go on from them.
import { artifactsPlace } from "../store/artifacts/object-store.ts";
import { addResumePoint, dropResumePoint } from "../store/artifacts/pending-uploads.ts";
import type { SavedStep } from "../train/contract.ts";

/** For the trainer, which a full disk must not stop here; undefined: files stay in EXP_HOME alone. */
export function offerCheckpoints(
  home: string,
  runId: string,
  onNotice: (text: string) => void,
): ((saved: SavedStep) => void) | undefined {
  if (artifactsPlace() === null) return undefined;
  return (saved) => {
    try {
      addResumePoint(home, runId, saved);
    } catch (error) {
      onNotice(`${saved.path} stays on this machine alone: ${(error as Error).message}`);
    }
  };
}

/** The run is done: nobody goes on with it. */
export function dropSent(home: string, runId: string): void {
  if (artifactsPlace() !== null) dropResumePoint(home, runId);
}
