// Runs as an mlruns folder, which `mlflow ui --backend-store-uri FOLDER` and MlflowClient open (MLflow 3 asks for the environment
// variable MLFLOW_ALLOW_FILE_STORE=true, or `mlflow migrate-filestore`): experiments, runs, metrics, parameters, tags; files of the
// run are copied below its artifacts.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { stringify } from "yaml";
import type { Series } from "../foreign-run.ts";
import type { StoredForeignRun } from "../read-stored.ts";

const STATUS = { running: 1, done: 3, failed: 4, interrupted: 5, lost: 4 } as const;

/** The same run gives the same folder again. @returns the run's folder */
export async function writeMlruns(run: StoredForeignRun, folder: string): Promise<string> {
  const experiment = experimentOf(run);
  const home = resolve(folder, experiment.id);
  const id = run.runId.replaceAll("-", "");
  const own = join(home, id);
  const startMs = run.startedAt?.getTime() ?? 0;
  await put(join(home, "meta.yaml"), stringify(experimentMeta(experiment, home, startMs)));
  await put(join(own, "meta.yaml"), stringify(runMeta(run, { id, experimentId: experiment.id, own })));
  for (const part of ["metrics", "params", "tags", "artifacts"]) await mkdir(join(own, part), { recursive: true });
  const metrics = run.series.map((one): [string, string] => [one.name, metricText(one, startMs)]);
  await putAll(join(own, "metrics"), metrics);
  await putAll(join(own, "params"), Object.entries(run.params).map(([key, value]) => [key, oneLine(String(value))])); // prettier-ignore
  await putAll(join(own, "tags"), Object.entries(tagsOf(run)));
  for (const { name, path } of run.files) {
    const copy = join(own, "artifacts", keyName(name));
    await mkdir(dirname(copy), { recursive: true });
    if (existsSync(path)) await copyFile(path, copy);
  }
  return own;
}

/** MLflow wants digits for an id. */
function experimentOf({ project, experiment }: StoredForeignRun): { readonly id: string; readonly name: string } {
  const name = project === "default" ? experiment : `${project}/${experiment}`;
  const hex = createHash("sha256").update(name).digest("hex").slice(0, 14);
  return { id: String(BigInt(`0x${hex}`) + 10n ** 17n), name };
}

function experimentMeta({ id, name }: { id: string; name: string }, folder: string, ms: number) {
  return {
    artifact_location: pathToFileURL(folder).href,
    creation_time: ms,
    experiment_id: id,
    last_update_time: ms,
    lifecycle_stage: "active",
    name,
  };
}

function runMeta(run: StoredForeignRun, { id, experimentId, own }: { id: string; experimentId: string; own: string }) {
  return {
    artifact_uri: pathToFileURL(join(own, "artifacts")).href,
    end_time: run.endedAt?.getTime() ?? null,
    entry_point_name: "",
    experiment_id: experimentId,
    lifecycle_stage: "active",
    run_id: id,
    run_name: runName(run),
    run_uuid: id,
    source_name: "",
    source_type: 4,
    source_version: "",
    start_time: run.startedAt?.getTime() ?? null,
    status: STATUS[run.status],
    tags: [],
    user_id: "lockstep",
  };
}

function runName({ name, variant, seed }: StoredForeignRun): string {
  return name ?? `${variant}/${seed}`;
}

function tagsOf(run: StoredForeignRun): Record<string, string> {
  return {
    "mlflow.runName": runName(run),
    "lockstep.run": run.runId,
    "lockstep.kind": run.kind,
    "lockstep.variant": run.variant,
    "lockstep.seed": String(run.seed),
    ...(run.digest !== null && { "lockstep.digest": run.digest }),
    ...(run.tags.length > 0 && { "lockstep.tags": run.tags.join(",") }),
    ...(run.note !== null && { "mlflow.note.content": run.note }),
    ...(run.gitCommit !== null && { "mlflow.source.git.commit": run.gitCommit }),
  };
}

/** Lines "milliseconds value step", numbers as Python reads them. */
function metricText({ points }: Series, startMs: number): string {
  return points
    .map(({ atMs, value, step }) => `${Math.round(atMs ?? startMs)} ${numberText(value)} ${step}\n`)
    .join("");
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : String(value);
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

/** Characters that MLflow allows in a key; slashes make folders, none of which leads out. */
function keyName(name: string): string {
  const parts = name.split("/").map((part) => part.replace(/[^\w\-. ]/g, "_").slice(0, 200));
  return parts.map((part) => (/^\.*$/.test(part) ? `_${part}` : part)).join("/");
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ").slice(0, 6000);
}

/** A name that is a folder of others too gets an underscore. */
async function putAll(folder: string, files: readonly (readonly [string, string])[]): Promise<void> {
  const named = files.map(([name, text]) => [keyName(name), text] as const);
  for (const [name, text] of named) {
    const isFolder = named.some(([other]) => other.startsWith(`${name}/`));
    await put(join(folder, isFolder ? `${name}_` : name), text);
  }
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
