// The one place where files are offered to the artifact store: noted in EXP_HOME, to be sent by `sendUploads`. Nothing waits for it, and a
// disk that is full here stops nothing: the file itself lies in EXP_HOME already.
import type { ArtifactEvent } from "../../train/recorder.ts";
import { artifactsPlace } from "./object-store.ts";
import { addArtifact, addDataFiles, addResumePoint, type DataFiles } from "./pending-uploads.ts";

export interface Offering {
  /** EXP_HOME. */
  readonly home: string;
  readonly onNotice?: (text: string) => void;
}

/** A file that a run has recorded. */
export function offerArtifact(at: Offering, runId: string, event: ArtifactEvent): void {
  offer(event.path, at, () => addArtifact(at.home, runId, event));
}

/** A checkpoint of a run under way, so that another machine can go on from it. */
export function offerResumePoint(
  at: Offering,
  runId: string,
  saved: { readonly step: number; readonly path: string; readonly bestPath: string | null },
): void {
  offer(saved.path, at, () => addResumePoint(at.home, runId, saved));
}

const offered = new Set<string>();

/** What belongs to a data set. Its rows must stand before, here or in the spool, since what nobody refers to is not sent. Once a process is enough. */
export function offerDataFiles(at: Offering, data: DataFiles): void {
  const key = JSON.stringify([at.home, process.env["ARTIFACTS_URL"], data]);
  if (data.files.length === 0 || offered.has(key)) return;
  offered.add(key);
  offer(`what a data set has (${data.what})`, at, () => addDataFiles(at.home, data));
}

function offer(what: string, { onNotice }: Offering, note: () => void): void {
  if (artifactsPlace() === null) return;
  try {
    note();
  } catch (error) {
    onNotice?.(`${what} stays on this machine alone: ${(error as Error).message}`);
  }
}
