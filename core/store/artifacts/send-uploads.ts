// One pass over what waits in EXP_HOME/uploads: sent, confirmed, removed from there. What fails stays for the next pass.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { LockstepError } from "../../errors.ts";
import { fileDigest } from "../../file-digest.ts";
import { mapConcurrently } from "../../data/pool.ts";
import type { Store } from "../connect.ts";
import { isConnectionLoss } from "../connection-error.ts";
import { ownProcess, processLives } from "../process-id.ts";
import { listSpools } from "../spool/spool-files.ts";
import type { ObjectStore } from "./object-store.ts";
import {
  countFiles,
  listPending,
  removePending,
  updatePending,
  type HeldFile,
  type Pending,
  type PendingArtifact,
  type PendingData,
  type PendingResume,
} from "./pending-uploads.ts";
import { areReferenced, confirmArtifact, confirmResume, removeUnreferenced, type Confirmed } from "./references.ts";

export interface UploadPlace {
  readonly store: Pick<Store, "sql">;
  readonly objects: ObjectStore;
  /** EXP_HOME. */
  readonly home: string;
}

export interface UploadPass {
  readonly sent: number;
  readonly bytes: number;
  /** What still waits: the store is away, or the database does not know of it yet. */
  readonly left: number;
  /** Why the store took no more; null: it did. */
  readonly failure: LockstepError | null;
  /** Files that cannot be sent at all. */
  readonly notices: readonly string[];
}

/** Each takes a connection to the database for a moment, of which a process has four. */
const AT_ONCE = 2;

/** Of this process, and of those that are gone; another living process sends its own. */
export function listOurs(home: string): Pending[] {
  const own = ownProcess();
  return listPending(home).filter(({ owner }) => owner === own || processLives(owner) === false);
}

export async function sendUploads(place: UploadPlace, signal?: AbortSignal): Promise<UploadPass> {
  const waiting = listOurs(place.home);
  const ends: End[] = [];
  for (let i = 0; i < waiting.length; i += AT_ONCE) {
    if (signal?.aborted === true) break;
    const batch = await Promise.all(waiting.slice(i, i + AT_ONCE).map((one) => sendOrKeep(place, one)));
    ends.push(...batch);
    if (batch.some(({ failure }) => failure !== null)) break; // the others would wait for the same
  }
  const sent = ends.filter(({ confirmed }) => confirmed === "done");
  return {
    sent: sent.reduce((sum, { files }) => sum + files, 0),
    bytes: sent.reduce((sum, { bytes }) => sum + bytes, 0),
    left: countFiles(listOurs(place.home)),
    failure: ends.find(({ failure }) => failure !== null)?.failure ?? null,
    notices: ends.flatMap(({ notice }) => notice ?? []),
  };
}

interface End {
  readonly confirmed: Confirmed | null;
  readonly files: number;
  readonly bytes: number;
  readonly failure: LockstepError | null;
  readonly notice?: string;
}

async function sendOrKeep(place: UploadPlace, one: Pending): Promise<End> {
  const none = { confirmed: null, files: countFiles([one]), bytes: 0, failure: null };
  try {
    const end = { ...none, ...(await sendOne(place, one)) };
    const settled = end.confirmed === "done" || end.notice !== undefined;
    if (settled || (end.confirmed === "no-run" && !isExpected(place, one))) removePending(place.home, one);
    return end;
  } catch (error) {
    if (error instanceof LockstepError) return { ...none, failure: error };
    if (isConnectionLoss(error)) return none; // the recorder tells it
    throw error;
  }
}

/** Whether the spool holds what the database does not know: a run, or the rows of a data set, which any run may bring. */
function isExpected({ home }: UploadPlace, one: Pending): boolean {
  const spools = listSpools(home);
  return one.kind === "data" ? spools.length > 0 : spools.some(({ runId }) => runId === one.runId);
}

function sendOne(place: UploadPlace, one: Pending): Promise<Partial<End>> {
  switch (one.kind) {
    case "artifact":
      return sendArtifact(place, one);
    case "data":
      return sendData(place, one);
    case "resume":
      return sendResume(place, one);
  }
}

async function sendArtifact({ store, objects, home }: UploadPlace, one: PendingArtifact): Promise<Partial<End>> {
  const { sha256, bytes, runId } = one;
  const path = join(home, one.path);
  if (!existsSync(path) && !(await objects.has(sha256)))
    return { notice: `${path} is gone and was not sent to ${objects.name}` };
  const { uploadId } = one;
  const keepUploadId = (id: string): void => updatePending(home, { ...one, uploadId: id });
  if (existsSync(path)) await objects.put({ sha256, path, bytes, uploadId, keepUploadId });
  return { confirmed: await confirmArtifact(store.sql, objects, { runId, sha256 }), bytes };
}

/** Their rows stand already, so whoever removes files leaves these alone, and there is nothing to confirm. */
async function sendData({ store, objects, home }: UploadPlace, one: PendingData): Promise<Partial<End>> {
  const { datasetDigest, files } = one;
  const digests = files.map(({ sha256 }) => sha256);
  if (!(await areReferenced(store.sql, datasetDigest, digests))) return { confirmed: "no-run" };
  const there = files.filter(({ path }) => existsSync(join(home, path)));
  await mapConcurrently(there, async ({ path, ...file }) => {
    const keepUploadId = (id: string): void =>
      updatePending(home, {
        ...one,
        files: files.map((other) => (other.path === path ? { ...other, uploadId: id } : other)),
      });
    await objects.put({ ...file, path: join(home, path), keepUploadId });
  });
  return { confirmed: "done", bytes: there.reduce((sum, { bytes }) => sum + bytes, 0) };
}

async function sendResume({ store, objects, home }: UploadPlace, one: PendingResume): Promise<Partial<End>> {
  const best = one.best === null ? null : await sendHeld({ objects, home }, one, "best", one.best);
  const checkpoint = await sendHeld({ objects, home }, one, "checkpoint", one.checkpoint);
  if (checkpoint === null || (one.best !== null && best === null)) return {}; // a newer one has come
  const { confirmed, before } = await confirmResume(store.sql, objects, {
    runId: one.runId,
    step: one.step,
    ...checkpoint,
    bestName: best?.name ?? null,
    bestSha256: best?.sha256 ?? null,
    bestBytes: best?.bytes ?? null,
  });
  if (confirmed === "done") await removeUnreferenced(store.sql, objects, before);
  return { confirmed, bytes: checkpoint.bytes + (best?.bytes ?? 0) };
}

/** @returns null where its link is gone */
async function sendHeld(
  { objects, home }: Pick<UploadPlace, "objects" | "home">,
  one: PendingResume,
  key: "checkpoint" | "best",
  { name, path: below, uploadId }: HeldFile,
): Promise<{ name: string; sha256: string; bytes: number } | null> {
  const path = join(home, below);
  const keepUploadId = (id: string): void =>
    updatePending(home, { ...one, [key]: { name, path: below, uploadId: id } });
  try {
    const sha256 = await fileDigest(path);
    const { size: bytes } = statSync(path);
    await objects.put({ sha256, path, bytes, uploadId, keepUploadId });
    return { name, sha256, bytes };
  } catch (error) {
    if (existsSync(path)) throw error;
    return null;
  }
}
