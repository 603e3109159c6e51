// `exp bundle RUN -o FILE`: all that a reproduction needs but the images, in one zip file. bundle.json holds the run's row, config,
// sample hashes, split, chain and outcomes; code/ and experiment/ the texts, for people; weights/ what it started from and ended with.
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { strFromU8, strToU8, unzipSync, zipSync } from "fflate";
import { LockstepError } from "../errors.ts";
import { settingsSchema } from "../experiment/schema.ts";
import { writeAtomically } from "../train/atomic-file.ts";
import { listCodeFiles, packageRoot } from "./code-digest.ts";
import type { Recorded } from "./recorded.ts";

const FORMAT = "lockstep-bundle-1";
const CONTENT = "bundle.json";
const INITIAL = "weights/initial";
const BEST = "weights/best.safetensors";
/** A fixed moment, so that equal runs give equal bundles. */
const MTIME = new Date("2000-01-01T12:00:00Z");

export interface BundleWeights {
  /** Path of the file that the run started from; null: random weights, drawn from the seed. */
  readonly initial: string | null;
  /** Path of the best checkpoint, or null: left out. */
  readonly best: string | null;
}

/** @returns bytes written */
export async function writeBundle(path: string, recorded: Recorded, { initial, best }: BundleWeights): Promise<number> {
  const entries: Record<string, Uint8Array> = {
    [CONTENT]: strToU8(JSON.stringify({ format: FORMAT, ...recorded })),
    ...Object.fromEntries(listCodeFiles().map((file) => [`code/${file}`, readFileSync(join(packageRoot, file))])),
    ...Object.fromEntries(
      recorded.provenance.sources.map((source) => [`experiment/${inside(source.path)}`, strToU8(source.text)]),
    ),
    ...(initial === null ? {} : { [INITIAL]: await readFile(initial) }),
    ...(best === null ? {} : { [BEST]: await readFile(best) }),
  };
  const bytes = zipSync(entries, { level: 6, mtime: MTIME });
  await writeAtomically(path, bytes);
  return bytes.length;
}

/** "../shared/a.ts" may not leave the folder that a bundle is unpacked into. */
function inside(path: string): string {
  return path.replaceAll("../", "up/");
}

export interface OpenBundle {
  readonly recorded: Recorded;
  /** Unpacks the file that the run started from; null where the bundle has none. */
  readonly initialWeights: () => Promise<string | null>;
}

/** Reads data alone: no code in the bundle is run. @throws LockstepError "run-state" where it is no bundle of ours */
export async function openBundle(path: string): Promise<OpenBundle> {
  const entries = await unpack(path);
  const content = entries[CONTENT];
  if (content === undefined) throw invalid(path, `it has no ${CONTENT}`);
  const { format, ...recorded } = parse(path, strFromU8(content));
  if (format !== FORMAT) throw invalid(path, `its format is "${String(format)}", expected "${FORMAT}"`);
  const settings = settingsSchema.safeParse(recorded.config?.settings);
  if (!settings.success || !Array.isArray(recorded.batches) || !Array.isArray(recorded.manifest?.samples))
    throw invalid(path, "its settings or rows make no sense");
  const initialWeights = async (): Promise<string | null> => {
    const bytes = entries[INITIAL];
    if (bytes === undefined) return null;
    const file = join(await mkdtemp(join(tmpdir(), "exp-bundle-")), "initial");
    await writeFile(file, bytes);
    return file;
  };
  return { recorded, initialWeights };
}

/** Whether a RUN argument names a file. */
export function isBundlePath(name: string): boolean {
  return existsSync(name);
}

async function unpack(path: string): Promise<Record<string, Uint8Array>> {
  try {
    return unzipSync(await readFile(path), {
      filter: ({ name }) => !name.startsWith("code/") && !name.startsWith("experiment/"),
    });
  } catch (cause) {
    throw invalid(path, "it cannot be read as a zip file", cause);
  }
}

function parse(path: string, text: string): Recorded & { readonly format: unknown } {
  try {
    return JSON.parse(text) as Recorded & { readonly format: unknown };
  } catch (cause) {
    throw invalid(path, `its ${CONTENT} is no JSON`, cause);
  }
}

function invalid(path: string, reason: string, cause?: unknown): LockstepError {
  return new LockstepError({
    code: "run-state",
    message: `${path} is no bundle of Lockstep: ${reason}.`,
    next: "exp bundle RUN -o FILE makes one.",
    cause,
  });
}
