// What a program or a hook logs beside our own rows: numbers, histograms, images, tables, files and lines, checked and recorded.
import { readFileSync } from "node:fs";
import { basename, extname } from "node:path";
import { cellText, csvText } from "../csv-text.ts";
import { LockstepError } from "../errors.ts";
import type { Cell } from "../experiment/hooks.ts";
import { histogramOf, type Histogram } from "./histogram.ts";
import { imageExtension, keepBytes, keepFile } from "./kept-files.ts";
import type { LogEvent, Recorder } from "./recorder.ts";

/** Where in the training something was logged. */
export interface Position {
  readonly step: number;
  readonly epoch: number | null;
}

export interface FileAbout {
  /** Default: the file's own; bytes without one are a "file". */
  readonly name?: string;
  /** Default "file". */
  readonly kind?: string;
  readonly epoch?: number | null;
}

export class RunLog {
  readonly #recorder: Recorder;
  readonly #home: string;

  /** @param home EXP_HOME, where files are kept */
  constructor(recorder: Recorder, home: string) {
    this.#recorder = recorder;
    this.#home = home;
  }

  /** @throws LockstepError "usage" for what is no number or has no usable name; then none of them is recorded */
  numbers(values: Readonly<Record<string, number>>, at: Position): void {
    const entries = Object.entries(values);
    for (const [name, value] of entries) checkNumber(name, value);
    const { step, epoch } = checkPosition(at);
    for (const [name, value] of entries) this.#recorder.record({ kind: "metric", name, step, epoch, value });
  }

  text(text: string, level: LogEvent["level"] = "info"): void {
    this.#recorder.record({ kind: "log", level, text: checkText("text", text) });
  }

  /** @param values the numbers themselves, or edges and counts */
  histogram(name: string, values: ArrayLike<number> | Histogram, at: Position): void {
    const histogram = "edges" in values ? checkHistogram(name, values) : histogramOf(values);
    this.#recorder.record({ kind: "histogram", name: checkName(name), ...checkPosition(at), ...histogram });
  }

  /** @param image path or bytes of a PNG, JPEG, GIF or WebP */
  image(name: string, image: string | Uint8Array, at: Position): void {
    const bytes = typeof image === "string" ? readImage(image) : image;
    const extension = imageExtension(bytes);
    if (extension === null) {
      const message = `image "${short(name)}" is none that is known: expected the bytes of a PNG, JPEG, GIF or WebP.`;
      throw usage(message, "Other files go to artifact().");
    }
    this.#keep("image", name, { bytes, extension }, at);
  }

  /** Kept as CSV. @param rows objects; the columns are those of the first one and what later ones add */
  table(name: string, rows: readonly Readonly<Record<string, Cell>>[], at: Position): void {
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    const text = csvText([columns, ...rows.map((row) => columns.map((column) => cellText(row[column])))]);
    this.#keep("table", name, { bytes: Buffer.from(text), extension: ".csv" }, at);
  }

  /** Copies a file below the home. @param file its path or its bytes */
  file(file: string | Uint8Array, about: FileAbout = {}): void {
    const { name = typeof file === "string" ? basename(file) : "file", kind = "file", epoch = null } = about;
    const owner = { home: this.#home, runId: this.#recorder.runId };
    const kept = typeof file === "string" ? keepFile(owner, file) : keepBytes(owner, file, extname(name).toLowerCase());
    this.#recorder.record({ kind: "artifact", artifactKind: checkName(kind), name: checkName(name), epoch, ...kept });
  }

  #keep(kind: string, name: string, file: { bytes: Uint8Array; extension: string }, at: Position): void {
    const about = { artifactKind: kind, name: checkName(name), ...checkPosition(at) };
    const kept = keepBytes({ home: this.#home, runId: this.#recorder.runId }, file.bytes, file.extension);
    this.#recorder.record({ kind: "artifact", ...about, ...kept });
  }
}

const LONGEST_NAME = 500;

function checkNumber(name: string, value: unknown): void {
  checkName(name);
  if (typeof value === "number") return;
  throw usage(
    `"${short(name)}" is ${typeof value}, expected a number.`,
    "Text goes to text(), files to artifact(), settings to config.",
  );
}

/** Names are keys, and Postgres' indexes hold no longer ones. */
function checkName(name: string): string {
  if (typeof name === "string" && name.length > 0 && name.length <= LONGEST_NAME) return name;
  throw usage(
    `a name has ${String(name).length} characters, expected 1 to ${LONGEST_NAME}: "${short(String(name))}".`,
    "Give it a short name.",
  );
}

function checkText(what: string, text: unknown): string {
  if (typeof text === "string") return text;
  throw usage(`${what} is ${typeof text}, expected text.`, "Numbers go to log().");
}

const MOST_EPOCHS = 2_147_483_647;

function checkPosition({ step, epoch }: Position): Position {
  if (!Number.isSafeInteger(step)) throw usage(`the step is ${step}, expected a whole number.`, "Count steps from 1.");
  if (epoch === null || (Number.isSafeInteger(epoch) && Math.abs(epoch) <= MOST_EPOCHS)) return { step, epoch };
  throw usage(`the epoch is ${epoch}, expected a whole number.`, "Count epochs from 1.");
}

function checkHistogram(name: string, { edges, counts }: Histogram): Histogram {
  const ascending = edges.every((edge, i) => Number.isFinite(edge) && (i === 0 || edge > edges[i - 1]!));
  if (counts.length > 0 && edges.length === counts.length + 1 && ascending) return { edges, counts };
  throw usage(
    `histogram "${short(name)}" has ${edges.length} edges and ${counts.length} counts, expected one edge more, ascending.`,
    "Give the numbers themselves, or edges as numpy.histogram returns them.",
  );
}

function readImage(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    const shown = short(path).replaceAll("\0", "\u2400");
    const reason = (cause as Error).message.replaceAll("\0", "\u2400");
    throw new LockstepError({
      code: "storage",
      message: `image ${shown} cannot be read: ${reason}`,
      next: "Check the path.",
      cause,
    });
  }
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function usage(message: string, next: string): LockstepError {
  return new LockstepError({ code: "usage", message: `log: ${message}`, next });
}
