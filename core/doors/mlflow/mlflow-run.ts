// A run of MLflow's, from its folder or its database, as one of ours.
import { existsSync, readdirSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileReference, ImportedRun, Point, Series } from "../foreign-run.ts";
import type { ReadOptions } from "../read-options.ts";

export interface MlflowRun {
  /** 32 hex digits. */
  readonly id: string;
  readonly name: string | null;
  readonly experimentId: string;
  readonly experiment: string;
  /** RUNNING 1, SCHEDULED 2, FINISHED 3, FAILED 4, KILLED 5, as a number or by name. */
  readonly status: string;
  /** Milliseconds since 1970. */
  readonly startMs: number | null;
  readonly endMs: number | null;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** In the order in which they were logged. */
  readonly metrics: readonly Series[];
  readonly artifactUri: string;
  /** Where the artifacts lie if not where the address says; null: nowhere else. */
  readonly artifactFolder: string | null;
  readonly path: string;
}

const STATUS: Readonly<Record<string, ImportedRun["status"]>> = {
  1: "running",
  2: "running",
  3: "done",
  4: "failed",
  5: "interrupted",
  RUNNING: "running",
  SCHEDULED: "running",
  FINISHED: "done",
  FAILED: "failed",
  KILLED: "interrupted",
};

export function asImported(run: MlflowRun, { project, experiment }: ReadOptions): ImportedRun {
  const { tags, params } = run;
  const seed = Number(params["seed"] ?? 0);
  const name = tags["mlflow.runName"] ?? run.name ?? null;
  return {
    project,
    experiment: experiment ?? run.experiment,
    variant: name === null || name === "" ? run.id.slice(0, 8) : name,
    seed: Number.isInteger(seed) && Math.abs(seed) < 2 ** 31 ? seed : 0,
    name,
    status: STATUS[run.status] ?? "lost",
    startedAt: run.startMs === null ? null : new Date(run.startMs),
    endedAt: run.endMs === null ? null : new Date(run.endMs),
    params,
    tags: Object.entries(tags).filter(([key]) => !key.startsWith("mlflow.")).map(([key, value]) => `${key}=${value}`), // prettier-ignore
    note: tags["mlflow.note.content"] ?? null,
    gitCommit: tags["mlflow.source.git.commit"] ?? null,
    series: run.metrics.map((metric) => ({ ...metric, points: withSteps(metric.points) })),
    histograms: [],
    files: filesOf(run),
    origin: {
      tool: "mlflow",
      identity: run.id,
      path: run.path,
      details: { id: run.id, experimentId: run.experimentId, artifactUri: run.artifactUri, tags, status: run.status },
    },
  };
}

/** Who logs without a step gets step 0 each time: such values are counted from 0 instead, so that the curve stays one. */
function withSteps(points: readonly Point[]): Point[] {
  const still = points.length > 1 && points.every(({ step }) => step === points[0]!.step);
  return still ? points.map((point, i) => ({ ...point, step: i })) : [...points];
}

function filesOf({ artifactUri, artifactFolder }: MlflowRun): FileReference[] {
  const folder = [artifactFolder, localPath(artifactUri)].find((path) => path !== null && existsSync(path)) ?? null;
  if (folder === null) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ name: relative(folder, path).split(sep).join("/") || basename(path), path }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function localPath(uri: string): string | null {
  if (uri.startsWith("/")) return uri;
  try {
    return uri.startsWith("file:///") ? fileURLToPath(uri) : null;
  } catch {
    return null; // a Windows path, say
  }
}
