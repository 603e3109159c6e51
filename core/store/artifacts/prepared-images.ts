// Prepared images of a data set in the artifact store, by choice: workers train from them where the images themselves are not.
import { join } from "node:path";
import type { Store } from "../connect.ts";
import type { OnBytes } from "./object-store.ts";
import { openArtifactStore } from "./uploader.ts";

/** Of rows in `artifacts`, named by the size of the images. */
export const PREPARED_KIND = "prepared-images";

export interface PreparedFile {
  readonly datasetDigest: string;
  /** Shorter side of the images. */
  readonly storeSizePx: number;
  /** Below EXP_HOME. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** From now on the file is referred to: as long as a run of that data and size is not deleted, and for an hour. */
export async function savePreparedFile({ sql }: Pick<Store, "sql">, file: PreparedFile): Promise<void> {
  const { datasetDigest, storeSizePx, path, sha256, bytes } = file;
  await sql`
    insert into artifacts (artifact_id, dataset_digest, kind, name, media_type, path, sha256, bytes)
    values (left(encode(sha256(convert_to(concat_ws(E'\\n', ${datasetDigest}::text, ${PREPARED_KIND}::text, ${storeSizePx}::text,
        ${sha256}::text), 'UTF8')), 'hex'), 32),
      ${datasetDigest}, ${PREPARED_KIND}, ${String(storeSizePx)}, 'application/octet-stream', ${path}, ${sha256}, ${bytes})
    on conflict (artifact_id) do update set created_at = now()`;
}

/** The newest one; null: nobody has shared them. */
export async function findPreparedFile(
  { sql }: Pick<Store, "sql">,
  { datasetDigest, storeSizePx }: Pick<PreparedFile, "datasetDigest" | "storeSizePx">,
): Promise<PreparedFile | null> {
  const [row] = await sql<{ path: string; sha256: string; bytes: string }[]>`
    select path, sha256, bytes from artifacts
    where dataset_digest = ${datasetDigest} and kind = ${PREPARED_KIND} and name = ${String(storeSizePx)}
    order by created_at desc limit 1`;
  return row === undefined ? null : { datasetDigest, storeSizePx, ...row, bytes: Number(row.bytes) };
}

/** Into EXP_HOME. @returns false where the store does not have it, or there is none @throws LockstepError "storage" */
export async function fetchPreparedFile(
  store: Pick<Store, "sql">,
  home: string,
  { path, sha256 }: PreparedFile,
  onBytes: OnBytes,
): Promise<boolean> {
  const objects = await openArtifactStore(store);
  if (objects === null) return false;
  try {
    return await objects.get(sha256, join(home, path), onBytes);
  } finally {
    objects.close();
  }
}
