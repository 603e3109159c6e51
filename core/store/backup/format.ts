// A backup file: a line that names the format, then a gzip stream, then the SHA-256 of all bytes before it. Inside the stream a line
// of JSON says what the file holds, and for each table follow blocks of COPY text, each behind its length; an empty one ends the table.
import { LockstepError } from "../../errors.ts";

/** Begins every file; the number grows where an older program could not read what follows. */
export const FIRST_LINE = Buffer.from("lockstep backup 1\n");
/** Bytes of the SHA-256 at the end. */
export const CHECKSUM_BYTES = 32;
/** Bytes of a block's length, big-endian. */
export const LENGTH_BYTES = 4;

export interface BackupHeader {
  /** ISO 8601: the moment that the rows are of. */
  readonly madeAt: string;
  /** Hashes of the migrations that the database had. */
  readonly migrations: readonly string[];
  readonly postgres: string;
  /** In an order in which they can be filled: what others refer to comes first. */
  readonly tables: readonly BackupTable[];
}

export interface BackupTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: number;
}

export function block(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The rows of a table, or of all. */
export function countRows(header: BackupHeader, table?: string): number {
  const tables = header.tables.filter(({ name }) => table === undefined || name === table);
  return tables.reduce((sum, { rows }) => sum + rows, 0);
}

export function damaged(path: string, what: string, cause?: unknown): LockstepError {
  return new LockstepError({
    code: "storage",
    message: `${path} is no whole backup: ${what}.`,
    next: "Nothing was changed. Copy the file again from where it was made, or take another backup.",
    cause,
  });
}
