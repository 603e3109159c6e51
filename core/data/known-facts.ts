// What was found out about images of a source at an earlier time, by the sha256 of their bytes, so that a second run need not decode
// them only to look at them. Kept in EXP_HOME; a missing or damaged file costs time and nothing else.
import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expHome } from "../home.ts";
import type { ImageFacts } from "./candidate.ts";
import { sha256Of } from "./sha256.ts";
import type { Source } from "./source.ts";

/** Changes where the same bytes would give other facts. */
const VERSION = 1;

export type KnownFacts = ReadonlyMap<string, ImageFacts>;

/** Facts of an earlier listing of the source, by sha256. */
export async function readKnownFacts(source: Source): Promise<KnownFacts> {
  const text = await readFile(factsPath(source), "utf8").catch(() => "");
  try {
    const facts = JSON.parse(text) as readonly ImageFacts[];
    return new Map(facts.map((one) => [one.sha256, one]));
  } catch {
    return new Map(); // absent or damaged: everything is looked at
  }
}

/** Stores the facts of a listing where it found out something new. The home may be read-only: then the next time takes as long. */
export async function keepFacts(source: Source, facts: readonly ImageFacts[], known: KnownFacts): Promise<void> {
  if (facts.every(({ sha256 }) => known.has(sha256))) return;
  const path = factsPath(source);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, JSON.stringify(facts));
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true });
  }
}

function factsPath(source: Source): string {
  const key = sha256Of(Buffer.from(JSON.stringify([VERSION, process.cwd(), source])));
  return join(expHome(), "cache", "facts", `${key}.json`);
}
