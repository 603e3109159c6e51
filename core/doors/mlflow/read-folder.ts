// An mlruns folder: experiments as folders with meta.yaml, runs as folders in them, a file for each metric, parameter and tag.
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { parse } from "yaml";
import { LockstepError } from "../../errors.ts";
import { numberIn } from "../curves.ts";
import type { ImportedRun, Point } from "../foreign-run.ts";
import type { ReadOptions } from "../read-options.ts";
import { asImported } from "./mlflow-run.ts";

/** Deleted experiments and runs are left out, as MLflow's own lists do. @throws LockstepError "data-invalid" */
export async function readMlruns(folder: string, options: ReadOptions): Promise<ImportedRun[]> {
  const root = resolve(folder);
  const runs: ImportedRun[] = [];
  for (const experiment of await foldersWithMeta(root)) {
    const about = await readMeta(experiment);
    if (about["lifecycle_stage"] === "deleted") continue;
    for (const run of await foldersWithMeta(experiment)) {
      const found = await readRun(run, String(about["name"] ?? about["experiment_id"]), options);
      if (found !== null) runs.push(found);
    }
  }
  if (runs.length > 0) return runs;
  throw new LockstepError({
    code: "data-invalid",
    message: `${folder}: no run is in it, expected EXPERIMENT/RUN/meta.yaml.`,
    next: "Give the mlruns folder itself, or MLflow's SQLite file.",
  });
}

async function foldersWithMeta(folder: string): Promise<string[]> {
  const entries = existsSync(folder) ? await readdir(folder, { withFileTypes: true }) : [];
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  return folders.filter((path) => existsSync(join(path, "meta.yaml"))).sort();
}

type Meta = Readonly<Record<string, unknown>>;

async function readMeta(folder: string): Promise<Meta> {
  return parse(await readFile(join(folder, "meta.yaml"), "utf8")) as Meta;
}

async function readRun(folder: string, experiment: string, options: ReadOptions): Promise<ImportedRun | null> {
  const meta = await readMeta(folder);
  const id = meta["run_id"] ?? meta["run_uuid"];
  if (meta["lifecycle_stage"] === "deleted" || id === undefined) return null; // not a run: a model, a dataset
  const metrics = await readFiles(join(folder, "metrics"));
  const run = {
    id: textOf(id),
    name: textOf(meta["run_name"]) || textOf(meta["name"]) || null,
    experimentId: textOf(meta["experiment_id"]),
    experiment,
    status: textOf(meta["status"]),
    startMs: numberOrNull(meta["start_time"]),
    endMs: numberOrNull(meta["end_time"]),
    params: Object.fromEntries(await readFiles(join(folder, "params"))),
    tags: Object.fromEntries(await readFiles(join(folder, "tags"))),
    metrics: metrics.map(([name, text]) => ({ name, points: pointsOf(text) })),
    artifactUri: textOf(meta["artifact_uri"]),
    artifactFolder: join(folder, "artifacts"),
    path: folder,
  };
  return asImported(run, options);
}

/** Name by path below the folder, so that "train/loss" is found in a folder "train". */
async function readFiles(folder: string): Promise<[string, string][]> {
  const entries = existsSync(folder) ? await readdir(folder, { recursive: true, withFileTypes: true }) : [];
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).sort(); // prettier-ignore
  return Promise.all(
    paths.map(async (path): Promise<[string, string]> => [
      relative(folder, path).split(sep).join("/"),
      await readFile(path, "utf8"),
    ]),
  );
}

/** Lines "milliseconds value step"; older ones have no step. */
function pointsOf(text: string): Point[] {
  return text.split("\n").filter(Boolean).map((line) => {
    const [at, value, step] = line.trim().split(/\s+/);
    return { step: Number(step ?? 0), epoch: null, value: numberIn(value ?? "") ?? NaN, atMs: Number(at) };
  }); // prettier-ignore
}

function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint" ? String(value) : "";
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
