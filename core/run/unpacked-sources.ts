// The text of an experiment file and of what it imports, as files again, so that they can be loaded: only where their code is trusted.
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { LockstepError } from "../errors.ts";
import type { SourceFile } from "./local-imports.ts";

export interface UnpackedSources {
  /** Folder to remove in the end. */
  readonly folder: string;
  /** Absolute path of the experiment file. */
  readonly file: string;
}

/** Keeps the files where they stood towards each other: "../shared.ts" stands above the experiment file. */
export async function unpackSources(sources: readonly SourceFile[]): Promise<UnpackedSources> {
  const folder = await mkdtemp(join(tmpdir(), "exp-sources-"));
  const above = Math.max(0, ...sources.map(({ path }) => path.split("/").filter((part) => part === "..").length));
  const base = join(folder, ...Array<string>(above).fill("below"));
  const written = sources.map(async ({ path, text }) => {
    const target = join(base, path);
    if (relative(folder, target).startsWith("..")) throw outside(path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  });
  await Promise.all(written);
  return { folder, file: join(base, sources[0]?.path ?? "") };
}

function outside(path: string): LockstepError {
  return new LockstepError({ code: "run-state", message: `the source file ${path} would stand outside its folder.` });
}
