// The image files that someone names: a file as it is, a folder searched to any depth, hidden entries passed over.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { LockstepError } from "../errors.ts";
import { hasImageExtension } from "./image-file.ts";
import { compareCodeUnits } from "./order.ts";

/** In the order of the names given; inside a folder by path. @throws LockstepError "data-invalid" */
export async function imagePaths(names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) {
    const isFolder = await stat(name).then(
      (entry) => entry.isDirectory(),
      (cause: unknown) => Promise.reject(missing(name, cause)),
    );
    const inside = isFolder ? await imagesBelow(name) : [name];
    if (inside.length === 0) throw empty(name);
    found.push(...inside);
  }
  return found;
}

async function imagesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => !entry.isDirectory() && hasImageExtension(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter(
      (path) =>
        !path
          .slice(folder.length)
          .split("/")
          .some((part) => part.startsWith(".")),
    );
  return paths.sort(compareCodeUnits);
}

function missing(name: string, cause: unknown): LockstepError {
  const code = (cause as NodeJS.ErrnoException).code;
  return new LockstepError({
    code: "data-invalid",
    message: `${name}: ${code === "ENOENT" ? "no such file or folder" : `cannot be read (${code})`}`,
    next: "Give image files, or folders that hold some.",
    cause,
  });
}

function empty(folder: string): LockstepError {
  return new LockstepError({
    code: "data-invalid",
    message: `${folder}: no image below this folder`,
    next: "Images are found by their extension: .png, .jpg, .jpeg, .webp, .tif, .tiff, .bmp, .gif, .avif.",
  });
}
