// The sha256 of each simulated image of a set, kept in EXP_HOME so that a second start need not draw the images only to name them.
// Keyed by the set's parameters and by the text of the code that draws; decoding checks each image against them.
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expHome } from "../../home.ts";
import { compareCodeUnits } from "../order.ts";
import { sha256Of } from "../sha256.ts";
import type { PhantomSource } from "../source.ts";

/** By image, 64 hex digits each; null where they are not known yet or the file is damaged. */
export async function readDrawnHashes(source: PhantomSource): Promise<readonly string[] | null> {
  const text = await readFile(await hashesPath(source), "utf8").catch(() => "");
  const hashes = text.split("\n");
  const whole = hashes.length === source.samples && hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash));
  return whole ? hashes : null;
}

/** The home may be read-only: then the next start draws again. */
export async function keepDrawnHashes(source: PhantomSource, hashes: readonly string[]): Promise<void> {
  const path = await hashesPath(source);
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, hashes.join("\n"));
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true });
  }
}

async function hashesPath(source: PhantomSource): Promise<string> {
  const key = sha256Of(Buffer.from(JSON.stringify([source, await drawingCode()])));
  return join(expHome(), "cache", "facts", `phantom-${key}.txt`);
}

let code: Promise<string> | null = null;

/** A digest of every file that decides an image's bits. */
function drawingCode(): Promise<string> {
  code ??= (async () => {
    const folder = fileURLToPath(new URL("../phantom/", import.meta.url));
    const names = (await readdir(folder)).sort(compareCodeUnits);
    const base = ["../../exact-math.ts", "../../random.ts"].map((path) =>
      fileURLToPath(new URL(path, import.meta.url)),
    );
    const texts = await Promise.all(
      [...names.map((name) => join(folder, name)), ...base].map((path) => readFile(path)),
    );
    return sha256Of(Buffer.concat(texts));
  })();
  return code;
}
