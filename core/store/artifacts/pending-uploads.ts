// What is to be sent to the artifact store: one small JSON file each in EXP_HOME/uploads, written before anything is sent and removed when
// the file is there and the database refers to it. Of a run that is under way only the newest checkpoint waits, held by links, since the
// run's folder keeps two.
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import type { ArtifactEvent } from "../../train/recorder.ts";
import { ownProcess } from "../process-id.ts";

interface Waiting {
  /** Whose it is: others send it when that process is gone. */
  readonly owner: string;
}

interface WaitingFile {
  readonly sha256: string;
  readonly bytes: number;
  /** Below EXP_HOME. */
  readonly path: string;
  /** Of an upload in parts that has begun. */
  readonly uploadId: string | null;
}

/** A file that a run has recorded. */
export interface PendingArtifact extends Waiting, WaitingFile {
  readonly kind: "artifact";
  readonly runId: string;
}

/** Files of a data set, thousands of thumbnails perhaps: one entry. */
export interface PendingData extends Waiting {
  readonly kind: "data";
  readonly datasetDigest: string;
  readonly what: DataFiles["what"];
  readonly files: readonly WaitingFile[];
}

export interface DataFiles {
  readonly datasetDigest: string;
  readonly what: "thumbnails" | "prepared images";
  readonly files: readonly Omit<WaitingFile, "uploadId">[];
}

/** Where an unfinished run can go on from. */
export interface PendingResume extends Waiting {
  readonly kind: "resume";
  readonly runId: string;
  readonly step: number;
  readonly checkpoint: HeldFile;
  readonly best: HeldFile | null;
}

export interface HeldFile {
  /** In the run's folder. */
  readonly name: string;
  /** Its link below EXP_HOME. */
  readonly path: string;
  readonly uploadId: string | null;
}

export type Pending = PendingArtifact | PendingData | PendingResume;

/** How many files an entry stands for. */
export function countFiles(pending: readonly Pending[]): number {
  return pending.reduce((sum, one) => sum + (one.kind === "data" ? one.files.length : 1), 0);
}

/** Sends nothing: `sendUploads` does. */
export function addArtifact(home: string, runId: string, { sha256, bytes, path }: ArtifactEvent): void {
  write(home, { kind: "artifact", owner: ownProcess(), runId, sha256, bytes, path, uploadId: null });
}

export function addDataFiles(home: string, { datasetDigest, what, files }: DataFiles): void {
  const waiting = files.map(({ sha256, bytes, path }) => ({ sha256, bytes, path, uploadId: null }));
  write(home, { kind: "data", owner: ownProcess(), datasetDigest, what, files: waiting });
}

/** Replaces an older checkpoint of the run that has not been sent. */
export function addResumePoint(
  home: string,
  runId: string,
  { step, path, bestPath }: { readonly step: number; readonly path: string; readonly bestPath: string | null },
): void {
  const [older] = listPending(home).filter((one) => one.kind === "resume" && one.runId === runId);
  const hold = (file: string): HeldFile => ({
    name: basename(file),
    path: link(home, runId, step, file),
    uploadId: null,
  });
  const best = bestPath === null ? null : hold(bestPath);
  write(home, { kind: "resume", owner: ownProcess(), runId, step, checkpoint: hold(path), best });
  if (older?.kind === "resume" && older.step !== step) removeLinks(home, older);
}

/** The run goes on no more, or from what it has. */
export function dropResumePoint(home: string, runId: string): void {
  for (const one of listPending(home)) if (one.kind === "resume" && one.runId === runId) removePending(home, one);
}

export function listPending(home: string): Pending[] {
  const folder = join(home, "uploads");
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.sort().flatMap((name) => read(join(folder, name)));
}

/** Keeps the ids of uploads in parts; a newer entry of the same run stays. */
export function updatePending(home: string, one: Pending): void {
  if (stands(home, one)) write(home, one);
}

/** What has come in its place meanwhile stays. */
export function removePending(home: string, one: Pending): void {
  if (stands(home, one)) rmSync(fileOf(home, one), { force: true });
  if (one.kind === "resume") removeLinks(home, one);
}

function stands(home: string, one: Pending): boolean {
  const [now] = read(fileOf(home, one));
  return now !== undefined && (now.kind !== "resume" || one.kind !== "resume" || now.step === one.step);
}

function removeLinks(home: string, { checkpoint, best }: PendingResume): void {
  for (const held of [checkpoint, best]) if (held !== null) rmSync(join(home, held.path), { force: true });
}

function link(home: string, runId: string, step: number, file: string): string {
  const path = join("uploads", `${runId}-${step}-${basename(file)}`);
  folderOf(home);
  rmSync(join(home, path), { force: true });
  try {
    linkSync(file, join(home, path));
  } catch {
    copyFileSync(file, join(home, path)); // a file system without links
  }
  return path;
}

function fileOf(home: string, one: Pending): string {
  return join(folderOf(home), `${nameOf(one)}.json`);
}

function nameOf(one: Pending): string {
  switch (one.kind) {
    case "artifact":
      return `${one.runId}-${one.sha256}`;
    case "resume":
      return `resume-${one.runId}`;
    case "data": {
      const content = createHash("sha256").update(JSON.stringify(one.files.map(({ sha256 }) => sha256)));
      return `data-${one.datasetDigest.slice(0, 16)}-${content.digest("hex").slice(0, 16)}`;
    }
  }
}

function write(home: string, one: Pending): void {
  const path = fileOf(home, one);
  const part = `${path}.${process.pid}.tmp`;
  writeFileSync(part, JSON.stringify(one));
  renameSync(part, path);
}

function read(path: string): Pending[] {
  try {
    return [JSON.parse(readFileSync(path, "utf8")) as Pending];
  } catch {
    return []; // sent by another process meanwhile
  }
}

function folderOf(home: string): string {
  const folder = join(home, "uploads");
  mkdirSync(folder, { recursive: true });
  return folder;
}
