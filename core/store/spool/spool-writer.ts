// Appends a run's events to its spool. An event counts when `append` has returned: a kill of the process cannot take it back,
// and fsync brings it to the disk within a second. Files are cut into segments, so that what was sent can be given back to the disk.
import { closeSync, fsync, ftruncateSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { LockstepError } from "../../errors.ts";
import { ownProcess } from "../process-id.ts";
import { encodeRecord } from "./record.ts";
import type { SpoolEvent } from "./spool-event.ts";
import { removeSpool, spoolFileName, spoolFolder } from "./spool-files.ts";

const SEGMENT_BYTES = 32 * 1024 * 1024;

export interface Segment {
  readonly path: string;
  /** Bytes written so far. */
  end: number;
}

export interface SpoolWriterOptions {
  /** EXP_HOME. */
  readonly home: string;
  readonly runId: string;
  /** Name of the store that it is for. */
  readonly database: string;
  /** Numbers go on after this one, whatever the clock says. */
  readonly afterSeq: number;
}

export class SpoolWriter {
  /** Oldest first; the last one is being written. The sender takes finished ones away. */
  readonly segments: Segment[] = [];
  readonly #home: string;
  readonly #runId: string;
  readonly #database: string;
  #lastSeq: number;
  #file: number | null = null;
  /** Finished segments and their folder, open until they are on the disk. */
  #finished: number[] = [];
  #dirty = false;
  #syncing: Promise<void> = Promise.resolve();
  /** What fsync failed with: nothing more is acknowledged. */
  #broken: LockstepError | null = null;

  constructor({ home, runId, database, afterSeq }: SpoolWriterOptions) {
    this.#home = home;
    this.#runId = runId;
    this.#database = database;
    this.#lastSeq = afterSeq;
  }

  /** @throws LockstepError "storage"; then the event is not in the spool */
  append(event: SpoolEvent["event"]): void {
    if (this.#broken !== null) throw this.#broken;
    try {
      if (this.#file === null || this.#current.end >= SEGMENT_BYTES) this.#openSegment();
      this.#write(encodeRecord({ seq: this.nextSeq(), event }));
    } catch (error) {
      throw this.#storageError(error as Error);
    }
  }

  nextSeq(): number {
    this.#lastSeq = Math.max(Date.now() * 1000, this.#lastSeq + 1);
    return this.#lastSeq;
  }

  /** Brings what was appended to the disk. @throws LockstepError "storage", as every append from then on */
  sync(): Promise<void> {
    this.#syncing = this.#syncing.then(() => this.#sync());
    return this.#syncing;
  }

  async #sync(): Promise<void> {
    if (!this.#dirty || this.#file === null) return;
    this.#dirty = false;
    const finished = this.#finished;
    this.#finished = [];
    try {
      for (const file of [...finished, this.#file]) await promisify(fsync)(file);
    } catch (error) {
      this.#broken = this.#storageError(error as Error);
      throw this.#broken;
    } finally {
      finished.forEach(closeSync);
    }
  }

  close(): void {
    this.#finished.forEach(closeSync);
    if (this.#file !== null) closeSync(this.#file);
    this.#finished = [];
    this.#file = null;
  }

  get #current(): Segment {
    return this.segments.at(-1)!;
  }

  /** A segment begins with whose it is; where there is no room for that, it is not there. */
  #openSegment(): void {
    const seq = this.nextSeq();
    const path = join(spoolFolder(this.#home), spoolFileName(seq, this.#runId));
    const own = { runId: this.#runId, owner: ownProcess(), database: this.#database };
    const open = encodeRecord({ seq, event: { kind: "open", ...own } });
    const file = openSync(path, "wx", 0o600);
    try {
      writeWhole(file, open, 0);
    } catch (error) {
      closeSync(file);
      removeSpool(path);
      throw error;
    }
    if (this.#file !== null) this.#finished.push(this.#file);
    this.#finished.push(openSync(dirname(path), "r")); // that the file is there must be on the disk too
    this.#file = file;
    this.#dirty = true;
    this.segments.push({ path, end: open.length });
  }

  #write(record: Buffer): void {
    writeWhole(this.#file!, record, this.#current.end);
    this.#current.end += record.length;
    this.#dirty = true;
  }

  #storageError(error: Error): LockstepError {
    return new LockstepError({
      code: "storage",
      message: `The run's events cannot be written to ${join(this.#home, "spool")}: ${error.message}`,
      next: "Make room or give write access, then exp resume the run; nothing recorded before is lost.",
      cause: error,
    });
  }
}

/** All of it or nothing: a full disk leaves no half record. */
function writeWhole(file: number, record: Buffer, at: number): void {
  try {
    for (let done = 0; done < record.length;) done += writeSync(file, record, done, record.length - done, at + done);
  } catch (error) {
    ftruncateSync(file, at);
    throw error;
  }
}
