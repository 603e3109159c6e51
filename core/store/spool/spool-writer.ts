// Appends a run's events to its spool. An event counts when `append` has returned: a kill of the process cannot take it back,
// and fsync brings it to the disk within a second. Files are cut into segments, so that what was sent can be given back to the disk.
import { closeSync, fsync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { LockstepError } from "../../errors.ts";
import { ownProcess } from "../process-id.ts";
import { encodeRecord } from "./record.ts";
import type { SpoolEvent } from "./spool-event.ts";
import { spoolFileName, spoolFolder } from "./spool-files.ts";

const SEGMENT_BYTES = 32 * 1024 * 1024;

export interface Segment {
  readonly path: string;
  /** Bytes written so far. */
  end: number;
}

export class SpoolWriter {
  /** Oldest first; the last one is being written. The sender takes finished ones away. */
  readonly segments: Segment[] = [];
  readonly #home: string;
  readonly #runId: string;
  #lastSeq: number;
  #file: number | null = null;
  #dirty = false;

  /** @param afterSeq numbers go on after this one, whatever the clock says */
  constructor(home: string, runId: string, afterSeq: number) {
    this.#home = home;
    this.#runId = runId;
    this.#lastSeq = afterSeq;
  }

  /** @throws LockstepError "storage"; then the event is not in the spool */
  append(event: SpoolEvent["event"]): void {
    try {
      if (this.#file === null || this.#current.end >= SEGMENT_BYTES) this.#openSegment();
      this.#write(encodeRecord({ seq: this.nextSeq(), event }));
    } catch (error) {
      if (error instanceof LockstepError) throw error;
      throw storageError(join(this.#home, "spool"), error as Error);
    }
  }

  nextSeq(): number {
    this.#lastSeq = Math.max(Date.now() * 1000, this.#lastSeq + 1);
    return this.#lastSeq;
  }

  /** Brings what was appended to the disk. */
  async sync(): Promise<void> {
    if (!this.#dirty || this.#file === null) return;
    this.#dirty = false;
    await promisify(fsync)(this.#file);
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null;
  }

  get #current(): Segment {
    return this.segments.at(-1)!;
  }

  #openSegment(): void {
    const seq = this.nextSeq();
    const path = join(spoolFolder(this.#home), spoolFileName(seq, this.#runId));
    const file = openSync(path, "wx", 0o600);
    if (this.#file !== null) closeSync(this.#file);
    this.#file = file;
    this.segments.push({ path, end: 0 });
    this.#write(encodeRecord({ seq, event: { kind: "open", runId: this.#runId, owner: ownProcess() } }));
  }

  /** All of it or nothing: a full disk leaves no half record. */
  #write(record: Buffer): void {
    const segment = this.#current;
    const file = this.#file!;
    try {
      for (let done = 0; done < record.length;)
        done += writeSync(file, record, done, record.length - done, segment.end + done);
    } catch (error) {
      ftruncateSync(file, segment.end);
      throw error;
    }
    segment.end += record.length;
    this.#dirty = true;
  }
}

function storageError(folder: string, error: Error): LockstepError {
  return new LockstepError({
    code: "storage",
    message: `The run's events cannot be written to ${folder}: ${error.message}`,
    next: "Make room or give write access, then exp resume the run: nothing recorded before is lost.",
    cause: error,
  });
}
