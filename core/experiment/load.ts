// A file to an experiment: found, loaded, checked.
import { existsSync, readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LockstepError } from "../errors.ts";
import type { Experiment } from "./settings.ts";
import { validateExperiment } from "./validate.ts";

export interface LoadedExperiment {
  readonly experiment: Experiment;
  /** Absolute path. */
  readonly file: string;
  /** The file's text as it stands on disk. */
  readonly text: string;
  /** The first block comment: question, command, time, result. */
  readonly docstring: string;
}

/** @param file absolute path @returns the module */
export type ImportExperiment = (file: string) => Promise<{ readonly default?: unknown }>;

let importExperiment: ImportExperiment = (file) => import(pathToFileURL(file).href);

/** How a process that does not read TypeScript itself imports an experiment file. */
export function loadWith(importTypeScript: ImportExperiment): void {
  importExperiment = importTypeScript;
}

/** @throws LockstepError "experiment-file" or "experiment-invalid" */
export async function loadExperiment(path: string): Promise<LoadedExperiment> {
  const file = resolve(path);
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new LockstepError({
      code: "experiment-file",
      message: `${path}: no such file.`,
      next: "Give the path of an experiment file, such as experiments/frozen-backbone.ts.",
    });
  }
  const text = readFileSync(file, "utf8");
  return {
    experiment: validateExperiment(await defaultExport(file, path), path),
    file,
    text,
    docstring: docstringOf(text),
  };
}

async function defaultExport(file: string, path: string): Promise<unknown> {
  let loaded: { readonly default?: unknown };
  try {
    loaded = await importExperiment(file);
  } catch (cause) {
    if (cause instanceof LockstepError) throw cause;
    const reason = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : String(cause);
    throw new LockstepError({
      code: "experiment-file",
      message: `${path}: cannot be loaded: ${reason}`,
      next: "Correct the file; --debug shows where it failed.",
      cause,
    });
  }
  if (loaded.default === undefined) {
    throw new LockstepError({
      code: "experiment-file",
      message: `${path}: has no default export, expected an experiment.`,
      next: "Write: export default defineExperiment({ … }).",
    });
  }
  return loaded.default;
}

function docstringOf(text: string): string {
  const comment = /\/\*\*?([\s\S]*?)\*\//.exec(text)?.[1] ?? "";
  return comment.replace(/^\s*\* ?/gm, "").trim();
}
