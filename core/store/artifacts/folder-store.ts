// Artifacts in a folder that machines share, such as a network disk.
import { createReadStream, existsSync } from "node:fs";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LockstepError } from "../../errors.ts";
import { replaceFile, TEMPORARY } from "../../train/atomic-file.ts";
import { fileDigest } from "../../file-digest.ts";
import { receiveInto } from "./content.ts";
import { changedFile, damagedObject, keyOf, type ObjectStore, type StoredObject } from "./object-store.ts";

export function openFolder(root: string, space: string): ObjectStore {
  const folder = join(root, space);
  const pathOf = (sha256: string) => join(folder, keyOf(sha256));
  const told = async <T>(work: () => Promise<T>): Promise<T> => work().catch((cause: unknown) => refuse(root, cause));
  return {
    name: root,
    put: ({ sha256, path }) =>
      told(async () => {
        if (existsSync(pathOf(sha256))) return;
        const received = await fileDigest(path);
        if (received !== sha256) throw changedFile(path, sha256, received);
        await replaceFile(pathOf(sha256), async (file) => {
          for await (const part of createReadStream(path) as AsyncIterable<Buffer>) await file.writeFile(part);
        });
      }),
    get: (sha256, path, onBytes) =>
      told(async () => {
        if (!existsSync(pathOf(sha256))) return false;
        const received = await receiveInto(path, createReadStream(pathOf(sha256)), { sha256, onBytes });
        if (received !== sha256) throw damagedObject(root, sha256, received);
        return true;
      }),
    has: async (sha256) => existsSync(pathOf(sha256)),
    list: () => listFolder(folder),
    remove: (sha256) => told(() => rm(pathOf(sha256), { force: true })),
    check: () =>
      told(async () => {
        const probe = join(folder, `probe-${process.pid}${TEMPORARY}`);
        await mkdir(folder, { recursive: true });
        await writeFile(probe, "probe").finally(() => rm(probe, { force: true }));
      }),
    close: () => undefined,
  };
}

async function* listFolder(folder: string): AsyncIterable<readonly StoredObject[]> {
  for (const part of (await readdir(folder).catch(() => [])).sort()) {
    const names = await readdir(join(folder, part)).catch(() => [] as string[]);
    const whole = names.filter((name) => /^[0-9a-f]{64}$/.test(name));
    yield await Promise.all(
      whole.map(async (sha256) => ({ sha256, bytes: (await stat(join(folder, part, sha256))).size })),
    );
  }
}

function refuse(root: string, cause: unknown): never {
  if (cause instanceof LockstepError) throw cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  throw new LockstepError({
    code: "storage",
    message: `artifact store ${root}: ${code === "ENOSPC" ? "its disk is full" : message}.`,
    next: "Make room there or make it writable, or correct ARTIFACTS_URL; files are kept in EXP_HOME until then.",
    cause,
  });
}
