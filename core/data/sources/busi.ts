// BUSI: its archive is downloaded once into EXP_CACHE, unpacked beside it and read as class folders, without the masks. Its publisher
// names no checksum: the SHA-256 of the first download is written down and later downloads are held to it.
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { unzipSync } from "fflate";
import { LockstepError } from "../../errors.ts";
import { fileDigest } from "../../file-digest.ts";
import { expCache } from "../../home.ts";
import type { SourceContents } from "../candidate.ts";
import { BUSI_FILE, busiUrl } from "../catalogue.ts";
import { download } from "../download.ts";
import { folder } from "../source.ts";
import { readFolder } from "./folder.ts";

/** An image in the archive, masks among them; the last two parts of its path are class and name. */
const IMAGE = /(?:^|\/)(benign|malignant|normal)\/([^/\\]+\.png)$/;

export async function readBusi(progress?: (done: number, total: number) => void): Promise<SourceContents> {
  const path = join(expCache(), "downloads", BUSI_FILE);
  const record = `${path}.sha256`;
  const recorded = /^[0-9a-f]{64}/.exec(await readFile(record, "utf8").catch(() => ""))?.[0] ?? null;
  await download({
    url: busiUrl(),
    path,
    checksum: recorded === null ? null : { algorithm: "sha256", hex: recorded, from: record },
    alternatives: `Fetch ${BUSI_FILE} elsewhere, unpack it and use folder("Dataset_BUSI_with_GT", { exclude: /_mask/ }); or name a mirror with EXP_DATA_URL; or use breastMnist(), made from BUSI, or phantom().`,
    progress,
  });
  const sha256 = recorded ?? (await fileDigest(path));
  const root = await unpacked(path, sha256);
  if (recorded === null) await writeFile(record, `${sha256}  ${BUSI_FILE}\n`); // what `sha256sum -c` reads
  const contents = await readFolder(folder(root, { exclude: /_mask/ }));
  return { ...contents, name: `busi, archive with SHA-256 ${sha256}` };
}

/** Appears whole or not at all. */
async function unpacked(path: string, sha256: string): Promise<string> {
  const root = join(dirname(path), `Dataset_BUSI-${sha256.slice(0, 12)}`);
  if ((await stat(root).catch(() => null)) !== null) return root;
  const images = Object.entries(await membersOf(path));
  const begun = `${root}.${process.pid}.part`;
  await rm(begun, { recursive: true, force: true });
  for (const [name, bytes] of images) {
    const [, className = "", file = ""] = IMAGE.exec(name) ?? [];
    await mkdir(join(begun, className), { recursive: true });
    await writeFile(join(begun, className, file), bytes);
  }
  await rename(begun, root).catch(async (cause: unknown) => {
    await rm(begun, { recursive: true, force: true });
    if ((await stat(root).catch(() => null)) === null) throw cause; // else another process was quicker
  });
  return root;
}

async function membersOf(path: string): Promise<Record<string, Uint8Array>> {
  try {
    const members = unzipSync(await readFile(path), { filter: ({ name }) => IMAGE.test(name) });
    if (Object.keys(members).length > 0) return members;
  } catch {
    // told below
  }
  await rm(path, { force: true });
  const message = `${basename(path)} is not the archive of BUSI, or it is damaged: expected benign/*.png, malignant/*.png, normal/*.png; it was removed`;
  throw new LockstepError({ code: "data-invalid", message, next: "Try again, or name a mirror with EXP_DATA_URL." });
}
