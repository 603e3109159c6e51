// Curves from a CSV file, in either of its usual forms: long (run, name or metric, step, value: one number a line) or wide (a column
// for each metric, a line for each step). What a column is, its name says.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import { parse } from "csv-parse/sync";
import { LockstepError } from "../../errors.ts";
import { Curves, numberIn } from "../curves.ts";
import type { ImportedRun, Point } from "../foreign-run.ts";
import type { ReadOptions } from "../read-options.ts";

type Row = Readonly<Record<string, string>>;

const RUN = ["run_id", "run", "run_name"];
const STEP = ["step", "iteration", "batch", "global_step"];
const NAME = ["name", "metric", "key", "tag"];
const AT = ["at", "timestamp", "time", "wall_time", "wall time"];

/** @throws LockstepError "data-invalid" naming the line, where a value is no number */
export async function readCsv(file: string, options: ReadOptions): Promise<ImportedRun[]> {
  const rows = parse(await readFile(file), { columns: true, bom: true, skip_empty_lines: true, trim: true });
  const table = rows as Row[];
  const columns = Object.keys(table[0] ?? {});
  const find = (known: readonly string[]) => columns.find((column) => known.includes(column.toLowerCase())) ?? null;
  const places = {
    run: find(RUN),
    step: find(STEP),
    epoch: find(["epoch"]),
    name: find(NAME),
    value: find(["value"]),
    at: find(AT),
  };
  if (table.length === 0) throw invalid(file, "it has no line below its header");
  const byRun = new Map<string, Row[]>();
  for (const row of table) {
    const run = places.run === null ? "" : row[places.run]!;
    const known = byRun.get(run);
    if (known === undefined) byRun.set(run, [row]);
    else known.push(row);
  }
  return [...byRun].map(([run, own]) => asRun(run, own, { file, columns, places, options }));
}

interface Context {
  readonly file: string;
  readonly columns: readonly string[];
  readonly places: Readonly<Record<"run" | "step" | "epoch" | "name" | "value" | "at", string | null>>;
  readonly options: ReadOptions;
}

function asRun(run: string, rows: readonly Row[], context: Context): ImportedRun {
  const { file, columns, options } = context;
  const title = basename(file, extname(file));
  const first = rows[0]!;
  const series = seriesOf(rows, context);
  const times = series.flatMap(({ points }) => points.flatMap(({ atMs }) => (atMs === null ? [] : [atMs])));
  const moment = (ms: number) => (Number.isFinite(ms) ? new Date(ms) : null);
  return {
    project: options.project,
    experiment: options.experiment ?? (first["experiment"] || title),
    variant: first["variant"] || run || "base",
    seed: Number.isInteger(Number(first["seed"] || 0)) ? Number(first["seed"] || 0) : 0,
    name: run === "" ? null : run,
    status: "done",
    startedAt: moment(times.reduce((a, b) => Math.min(a, b), Infinity)),
    endedAt: moment(times.reduce((a, b) => Math.max(a, b), -Infinity)),
    params: {},
    tags: [],
    note: null,
    gitCommit: null,
    series,
    histograms: [],
    files: [],
    origin: {
      tool: "csv",
      identity: [
        basename(file),
        run,
        ...columns,
        createHash("sha256").update(JSON.stringify(first)).digest("hex"),
      ].join("\n"),
      path: resolve(file),
      details: { run },
    },
  };
}

/** Columns that describe the run and hold no curve. */
const DESCRIBING = ["experiment", "variant", "seed", "fold", "project", "phase"];

function seriesOf(rows: readonly Row[], { file, columns, places }: Context): ImportedRun["series"] {
  const long = places.name !== null && places.value !== null;
  const known = new Set([...Object.values(places), ...DESCRIBING]);
  const metrics = long ? [places.value] : columns.filter((column) => !known.has(column));
  const found = new Curves();
  for (const [line, row] of rows.entries()) {
    for (const metric of metrics) {
      if (row[metric] === "" || row[metric] === undefined) continue;
      const name = long ? row[places.name]! : metric;
      const value = numberIn(row[metric]);
      if (value === null) {
        if (long) throw invalid(file, `line ${line + 2}: "${row[metric].slice(0, 40)}" is no number`);
        continue; // a column of text
      }
      found.add(name, { ...positionOf(row, places, found.countOf(name)), value });
    }
  }
  if (found.series.length === 0) throw invalid(file, "no column of it holds numbers");
  return found.series;
}

/** Without a column for the step the epoch counts, and without that the line. */
function positionOf(row: Row, places: Context["places"], index: number): Omit<Point, "value"> {
  const whole = (column: string | null) => {
    const value = column === null || row[column] === "" ? NaN : Number(row[column]);
    return Number.isSafeInteger(value) ? value : null;
  };
  const epoch = whole(places.epoch);
  return {
    step: whole(places.step) ?? epoch ?? index,
    epoch,
    atMs: momentOf(places.at === null ? "" : row[places.at]!),
  };
}

/** Seconds or milliseconds since 1970, or a date; null: neither. */
function momentOf(text: string): number | null {
  const value = text === "" ? NaN : Number(text);
  if (Number.isFinite(value)) return value < 1e11 ? 1000 * value : value;
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? null : parsed;
}

function invalid(file: string, reason: string): LockstepError {
  return new LockstepError({
    code: "data-invalid",
    message: `${file}: ${reason}.`,
    next: "Expected columns run, name, step, value; or step and a column for each metric.",
  });
}
