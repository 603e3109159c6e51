// Rows in COPY's binary form: a signature, two words of flags, then for each row its number of fields (int16) and for each field its
// length (int32; -1: null) and bytes, all big endian; at the end -1 (int16). A server takes it in half the time of arrays as text.
import { storableText } from "./array-literal.ts";

export type CellType = "text" | "int" | "bigint" | "float8" | "real[]" | "float8[]" | "timestamptz" | "hex";
/** A moment is ISO 8601, bytes are hex digits. */
export type Cell = number | string | readonly number[] | null;

export interface Column<Row> {
  readonly name: string;
  /** "hex": bytea. */
  readonly type: CellType;
  readonly value: (row: Row) => Cell;
}

const SIGNATURE = Buffer.from("PGCOPY\n\xff\r\n\0", "latin1");
const HEADER = Buffer.concat([SIGNATURE, Buffer.alloc(8)]);
const FIRST_BYTES = 64 * 1024;
/** PostgreSQL counts microseconds from the year 2000. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const REAL = { oid: 700, bytes: 4 } as const;
const FLOAT8 = { oid: 701, bytes: 8 } as const;

/**
 * The run's id first, then the columns.
 * @throws an error with PostgreSQL's code (22…) for a value that its column cannot hold
 */
export function binaryRows<Row>(runId: string, columns: readonly Column<Row>[], rows: readonly Row[]): Buffer {
  const cells = new Cells();
  const beginning = rowBeginning(runId, columns.length + 1);
  const writers = columns.map(({ type, value }) => ({ write: WRITERS[type], value }));
  cells.bytes(HEADER);
  for (const row of rows) {
    cells.bytes(beginning);
    for (const { write, value } of writers) {
      const cell = value(row);
      if (cell === null) cells.length(-1);
      else write(cells, cell as never);
    }
  }
  cells.end();
  return cells.written;
}

/** Number of fields, then the first of them. */
function rowBeginning(runId: string, fields: number): Buffer {
  const beginning = Buffer.alloc(22);
  beginning.writeInt16BE(fields, 0);
  beginning.writeInt32BE(16, 2);
  beginning.write(runId.replaceAll("-", ""), 6, "hex");
  return beginning;
}

const WRITERS: Readonly<Record<CellType, (cells: Cells, value: never) => void>> = {
  text: (cells, value: string) => cells.text(value),
  int: (cells, value: number) => cells.int(value),
  bigint: (cells, value: number) => cells.bigint(value),
  float8: (cells, value: number) => cells.float8(value),
  "real[]": (cells, value: readonly number[]) => cells.floats(value, REAL),
  "float8[]": (cells, value: readonly number[]) => cells.floats(value, FLOAT8),
  timestamptz: (cells, value: string) => cells.bigint((Date.parse(value) - EPOCH_MS) * 1000),
  hex: (cells, value: string) => cells.hex(value),
};

class Cells {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #view = viewOf(this.#buffer);
  #at = 0;

  get written(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  bytes(bytes: Buffer): void {
    this.#makeRoom(bytes.length);
    this.#at += bytes.copy(this.#buffer, this.#at);
  }

  /** Of the field that follows. */
  length(bytes: number): void {
    this.#makeRoom(4);
    this.#view.setInt32(this.#at, bytes);
    this.#at += 4;
  }

  end(): void {
    this.#makeRoom(2);
    this.#view.setInt16(this.#at, -1);
    this.#at += 2;
  }

  text(value: string): void {
    const text = value.includes("\0") ? storableText(value) : value; // half a surrogate pair is written as U+FFFD
    const most = 3 * text.length;
    this.#makeRoom(4 + most);
    const length = this.#buffer.write(text, this.#at + 4, most, "utf8");
    this.length(length);
    this.#at += length;
  }

  int(value: number): void {
    if ((value | 0) !== value) throw refusal("22003", `${value} does not fit into an integer`);
    this.length(4);
    this.#makeRoom(4);
    this.#view.setInt32(this.#at, value);
    this.#at += 4;
  }

  bigint(value: number): void {
    if (!Number.isSafeInteger(value)) throw refusal("22003", `${value} does not fit into a bigint`);
    this.length(8);
    this.#makeRoom(8);
    this.#view.setBigInt64(this.#at, BigInt(value));
    this.#at += 8;
  }

  float8(value: number): void {
    this.#makeRoom(12);
    this.#view.setInt32(this.#at, 8);
    this.#view.setFloat64(this.#at + 4, value);
    this.#at += 12;
  }

  hex(digits: string): void {
    const length = digits.length / 2;
    this.length(length);
    this.#makeRoom(length);
    if (this.#buffer.write(digits, this.#at, "hex") !== length)
      throw refusal("22023", `"${digits.slice(0, 80)}" is not an even number of hex digits`);
    this.#at += length;
  }

  /** One dimension, counted from 1, without nulls: dimensions, flags, type, then size and first index, then each value as a field. */
  floats(values: readonly number[], { oid, bytes }: typeof REAL | typeof FLOAT8): void {
    const dimensions = values.length === 0 ? 0 : 1;
    const length = 12 + dimensions * 8 + values.length * (4 + bytes);
    this.length(length);
    this.#makeRoom(length);
    for (const word of [dimensions, 0, oid, ...(dimensions === 0 ? [] : [values.length, 1])]) this.length(word);
    for (const value of values) {
      this.length(bytes);
      if (bytes === 4) this.#view.setFloat32(this.#at, value);
      else this.#view.setFloat64(this.#at, value);
      this.#at += bytes;
    }
  }

  #makeRoom(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#at + bytes));
    this.#buffer.copy(larger, 0, 0, this.#at);
    this.#buffer = larger;
    this.#view = viewOf(larger);
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

function refusal(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
