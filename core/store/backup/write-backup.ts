// exp db backup: every row of one moment (a repeatable-read snapshot; runs may be recording meanwhile) by COPY into one file, which is
// there whole or not at all. Files of runs (checkpoints, pictures) are not in it, only what the database knows of them.
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { TransactionSql } from "postgres";
import { LockstepError } from "../../errors.ts";
import { replaceFile } from "../../train/atomic-file.ts";
import type { Store } from "../connect.ts";
import { block, countRows, FIRST_LINE, type BackupHeader } from "./format.ts";
import { presentTables } from "./tables.ts";

/** Quick; a higher level saves little, since half of the bytes are digests. */
const LEVEL = 3;

export interface BackupOptions {
  readonly path: string;
  /** Ends it early; no file is left. */
  readonly signal?: AbortSignal;
  /** Called as rows are written. */
  readonly onProgress?: (rows: number, total: number) => void;
}

export interface Written {
  readonly header: BackupHeader;
  readonly bytes: number;
  readonly sha256: string;
}

/** @throws LockstepError "storage" where the file cannot be written */
export async function writeBackup(
  { sql }: Store,
  { path, signal, onProgress = () => {} }: BackupOptions,
): Promise<Written> {
  return sql.begin("isolation level repeatable read read only", async (transaction) => {
    await setTextForm(transaction);
    const header = await readHeader(transaction);
    const seal = new Seal();
    const total = countRows(header);
    const body = contents(transaction, header, (rows) => onProgress(rows, total));
    try {
      await replaceFile(path, async (file) => {
        await pipeline(
          body,
          createGzip({ level: LEVEL }),
          (compressed) => seal.around(compressed as Readable),
          into(file),
          { signal },
        );
      });
    } catch (cause) {
      if (typeof (cause as NodeJS.ErrnoException).syscall !== "string") throw cause; // of the database, not of the file
      throw cannotWrite(path, cause as Error);
    }
    return { header, bytes: seal.bytes, sha256: seal.sha256 };
  });
}

/** Whatever the server's settings are: every digit of a number, and moments that any server reads alike. */
export async function setTextForm(sql: TransactionSql): Promise<void> {
  await sql`select set_config('extra_float_digits', '1', true), set_config('datestyle', 'ISO, MDY', true),
    set_config('timezone', 'UTC', true), set_config('bytea_output', 'hex', true), set_config('statement_timeout', '0', true)`;
}

async function readHeader(sql: TransactionSql): Promise<BackupHeader> {
  const [about] = await sql<{ at: Date; version: string; migrations: string[] }[]>`
    select now() as at, current_setting('server_version') as version,
      (select array_agg(hash order by number) from lockstep_migrations) as migrations`;
  const tables = [];
  for (const table of await presentTables(sql)) {
    const [counted] = await sql<{ rows: number }[]>`select count(*)::float8 as rows from ${sql(table.name)}`;
    tables.push({ ...table, rows: counted!.rows });
  }
  const { at, version, migrations } = about!;
  return { madeAt: at.toISOString(), migrations, postgres: version, tables };
}

async function* contents(sql: TransactionSql, header: BackupHeader, onRows: (rows: number) => void) {
  yield Buffer.from(`${JSON.stringify(header)}\n`);
  let rows = 0;
  for (const { name, columns } of header.tables) {
    const copy = await sql`copy (select ${sql(columns)} from ${sql(name)}) to stdout`.simple().readable();
    for await (const part of copy as AsyncIterable<Buffer>) {
      yield block(part);
      rows += newlines(part);
      onRows(rows);
    }
    copy._read(0); // postgres.js may have paused its socket at the last row, and resumes it here only
    yield block(Buffer.alloc(0));
  }
}

/** A row ends with the only newline in it: COPY's text form escapes those of the values. */
function newlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}

/** The first line before, and the checksum behind a stream. */
class Seal {
  bytes = 0;
  sha256 = "";

  async *around(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const hash = createHash("sha256");
    const counted = (part: Buffer): Buffer => {
      this.bytes += part.length;
      return part;
    };
    hash.update(FIRST_LINE);
    yield counted(FIRST_LINE);
    for await (const part of stream) {
      hash.update(part);
      yield counted(part);
    }
    const sum = hash.digest();
    this.sha256 = sum.toString("hex");
    yield counted(sum);
  }
}

function into(file: FileHandle): (parts: AsyncIterable<Buffer>) => Promise<void> {
  return async (parts) => {
    for await (const part of parts) await file.writeFile(part);
  };
}

function cannotWrite(path: string, cause: Error): LockstepError {
  return new LockstepError({
    code: "storage",
    message: `cannot write ${path}: ${cause.message}`,
    next: "Free space there or give another place; no file was left.",
    cause,
  });
}
