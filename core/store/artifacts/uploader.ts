// Sends files to the artifact store while runs go on: every second what waits, longer pauses while the store is away. Nothing waits for it
// but the end of the command, and that only while files are being taken.
import { setTimeout as sleep } from "node:timers/promises";
import { artifactsPlace, openObjectStore, type ObjectStore } from "./object-store.ts";
import type { Store } from "../connect.ts";
import { isConnectionLoss } from "../connection-error.ts";
import { artifactSpace } from "./references.ts";
import { countFiles } from "./pending-uploads.ts";
import { listOurs, sendUploads, type UploadPass } from "./send-uploads.ts";

export interface UploadOptions {
  readonly store: Pick<Store, "sql">;
  /** EXP_HOME. */
  readonly home: string;
  /** Lines for people: the store is away, it is back. */
  readonly onNotice: (text: string) => void;
  /** Ends the waiting for the last files. */
  readonly signal?: AbortSignal;
}

const PAUSE_MS = 1000;
const PAUSE_MOST_MS = 30_000;
/** What the database does not know of yet is tried again so often at the end. */
const LAST_TRIES = 5;

/** Of this database in the artifact store; null: ARTIFACTS_URL is not set. @throws LockstepError "usage" where it makes no sense */
export async function openArtifactStore({ sql }: Pick<Store, "sql">): Promise<ObjectStore | null> {
  const place = artifactsPlace();
  return place === null ? null : openObjectStore(place, await artifactSpace(sql));
}

/**
 * Sends meanwhile and for as long as the store takes files afterwards; what does not get there is sent by the next command.
 * Without ARTIFACTS_URL it is the work alone. @throws LockstepError "usage" where ARTIFACTS_URL makes no sense
 */
export async function withUploads<T>(options: UploadOptions, work: () => Promise<T>): Promise<T> {
  if (artifactsPlace() === null) return work();
  const ending = new AbortController();
  const passes = new Passes(options);
  const loop = passes.until(ending.signal);
  try {
    return await work();
  } finally {
    ending.abort();
    await loop;
    await passes.last();
  }
}

class Passes {
  readonly #options: UploadOptions;
  #opened: ObjectStore | null = null;
  #away = false;

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  async until(signal: AbortSignal): Promise<void> {
    for (let pauseMs = PAUSE_MS; !signal.aborted;) {
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted || listOurs(this.#options.home).length === 0) continue;
      const { failure } = await this.#pass(signal);
      pauseMs = failure === null ? PAUSE_MS : Math.min(2 * pauseMs, PAUSE_MOST_MS);
    }
  }

  async last(): Promise<void> {
    const { home, onNotice, signal } = this.#options;
    let left = countFiles(listOurs(home));
    for (let tries = 0; left > 0 && tries < LAST_TRIES && signal?.aborted !== true;) {
      const pass = await this.#pass(signal);
      left = pass.left;
      if (pass.failure !== null) break;
      if (pass.sent === 0 && left > 0) {
        tries++;
        await sleep(200);
      }
    }
    if (left > 0)
      onNotice(`${left} files wait for the artifact store: exp spool flush, or the next exp run, sends them.`);
    this.#opened?.close();
  }

  async #pass(signal: AbortSignal | undefined): Promise<UploadPass> {
    const { store, home, onNotice } = this.#options;
    const objects = await this.#open();
    if (objects === null) return { sent: 0, bytes: 0, left: countFiles(listOurs(home)), failure: null, notices: [] };
    const pass = await sendUploads({ store, home, objects }, signal);
    for (const notice of pass.notices) onNotice(notice);
    if (pass.failure !== null && !this.#away) onNotice(`${pass.failure.message} ${pass.failure.next ?? ""}`.trim());
    if (pass.failure === null && this.#away) onNotice(`artifact store ${objects.name} is back.`);
    this.#away = pass.failure !== null;
    return pass;
  }

  /** Null: the database, which says where this one's files lie, is away. */
  async #open(): Promise<ObjectStore | null> {
    try {
      return (this.#opened ??= await openArtifactStore(this.#options.store));
    } catch (error) {
      if (isConnectionLoss(error)) return null;
      throw error;
    }
  }
}
