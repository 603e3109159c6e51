// A table of images: path, label, and where they are given group and part. Comma, semicolon or tab; a byte-order mark and quoted
// fields are understood. Sample ids are the paths as the table writes them.
import { readFile } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";
import { parse } from "csv-parse/sync";
import { LockstepError } from "../../errors.ts";
import { BadImage, type Candidate, type SourceContents } from "../candidate.ts";
import { decodeImageFile, inspectImageFile } from "../image-file.ts";
import { compareCodeUnits } from "../order.ts";
import type { SplitPart } from "../sample.ts";
import type { CsvColumns, CsvSource } from "../source.ts";

const DELIMITERS = [",", ";", "\t"] as const;
const PARTS: Readonly<Record<string, SplitPart>> = {
  train: "train",
  training: "train",
  val: "val",
  valid: "val",
  validation: "val",
  test: "test",
};

type Row = Readonly<Record<string, string>>;

export async function readCsv(source: CsvSource): Promise<SourceContents> {
  const path = resolve(source.path);
  const rows = await readRows(path);
  checkColumns(path, rows, source.columns);
  const classes = [...new Set(rows.map((row) => row[source.columns.label] as string))].sort(compareCodeUnits);
  if (classes.length < 2) throw invalid(path, `one class only, "${classes[0]}"; at least 2 were expected`);
  checkTwice(path, rows, source.columns.path);
  const root = source.root === null ? dirname(path) : resolve(source.root);
  const candidates = rows.map((row, i) =>
    candidateOf(row, { path, line: i + 2, root, classes, columns: source.columns }),
  );
  return { name: source.path, simulated: false, classes, candidates };
}

async function readRows(path: string): Promise<Row[]> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    const reason = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "no such file" : String(cause);
    throw invalid(path, reason, cause);
  });
  try {
    const rows = parse(text, {
      columns: true,
      bom: true,
      trim: true,
      skip_empty_lines: true,
      delimiter: delimiterOf(text),
    });
    if (rows.length > 0) return rows as Row[];
  } catch (cause) {
    throw invalid(path, cause instanceof Error ? cause.message : String(cause), cause);
  }
  throw invalid(path, "it has no rows");
}

/** The delimiter that the first line has most of. */
function delimiterOf(text: string): string {
  const first = text.slice(0, text.search(/\r?\n|$/));
  const counts = DELIMITERS.map((delimiter) => ({ delimiter, count: first.split(delimiter).length }));
  return counts.sort((a, b) => b.count - a.count)[0]?.delimiter ?? ",";
}

function checkColumns(path: string, rows: readonly Row[], columns: CsvColumns): void {
  const present = Object.keys(rows[0] ?? {});
  for (const [use, name] of Object.entries(columns) as [keyof CsvColumns, string | null][]) {
    if (name === null || present.includes(name)) continue;
    throw invalid(path, `no column "${name}" for the ${use}; its columns are ${present.join(", ")}`);
  }
}

function checkTwice(path: string, rows: readonly Row[], column: string): void {
  const seen = new Map<string, number>();
  rows.forEach((row, i) => {
    const name = row[column] as string;
    const before = seen.get(name);
    if (before !== undefined) throw invalid(path, `"${name}" stands in line ${before} and again in line ${i + 2}`);
    seen.set(name, i + 2);
  });
}

interface Place {
  readonly path: string;
  /** Of the table, from 1. */
  readonly line: number;
  readonly root: string;
  readonly classes: readonly string[];
  readonly columns: CsvColumns;
}

function candidateOf(row: Row, { path, line, root, classes, columns }: Place): Candidate {
  const id = row[columns.path] as string;
  const label = row[columns.label] as string;
  if (id === "" || label === "") throw invalid(path, `line ${line} has no ${id === "" ? "path" : "label"}`);
  const group = columns.group === null ? "" : (row[columns.group] as string);
  const file = resolve(root, id);
  return {
    id,
    label: classes.indexOf(label),
    group: group === "" ? null : group,
    officialPart: columns.split === null ? null : partOf(row[columns.split] as string, path, line),
    inspect: (known) => (isInside(file, root) ? inspectImageFile(file, known) : outside(root)),
    decode: (sha256) => decodeImageFile(file, sha256),
  };
}

function isInside(file: string, root: string): boolean {
  return file.startsWith(root.endsWith(sep) ? root : root + sep);
}

function outside(root: string): Promise<never> {
  return Promise.reject(new BadImage(`outside of ${root}; name a folder that holds all: csv(path, { root })`));
}

function partOf(text: string, path: string, line: number): SplitPart | null {
  if (text === "") return null;
  const part = PARTS[text.toLowerCase()];
  if (part === undefined) throw invalid(path, `line ${line}: part "${text}", expected train, val or test`);
  return part;
}

function invalid(path: string, what: string, cause?: unknown): LockstepError {
  return new LockstepError({
    code: "data-invalid",
    message: `table ${path}: ${what}`,
    next: "Correct the table, or name its columns: csv(path, { columns: { path, label, group, split } }).",
    cause,
  });
}
