// A published data set: its file is downloaded once into EXP_CACHE and read as any other .npz.
import { join } from "node:path";
import { expCache } from "../../home.ts";
import type { SourceContents } from "../candidate.ts";
import { catalogue, catalogueFileName, catalogueUrl } from "../catalogue.ts";
import { download } from "../download.ts";
import type { CatalogueSource } from "../source.ts";
import { readNpz } from "./npz.ts";

export async function readCatalogue(
  { name, sizePx }: CatalogueSource,
  progress?: (done: number, total: number) => void,
): Promise<SourceContents> {
  const fileName = catalogueFileName(name, sizePx);
  const path = await download({
    url: catalogueUrl(fileName),
    path: join(expCache(), "downloads", fileName),
    checksum: { algorithm: "md5", hex: catalogue[name].md5[sizePx] },
    alternatives: `Fetch ${fileName} elsewhere and use npz("${fileName}"); or name a mirror with EXP_DATA_URL; or use phantom().`,
    progress,
  });
  const contents = await readNpz({ kind: "npz", path, classes: null });
  return { ...contents, name: `${name}, ${sizePx} px` };
}
