// GET /artifacts/ID : a file that the database knows, below EXP_HOME and nowhere else; another machine's comes from the artifact store.
import { createReadStream } from "node:fs";
import { realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { Readable } from "node:stream";
import { Hono } from "hono";
import { LockstepError } from "../../core/errors.ts";
import { fetchArtifact } from "../../core/store/artifacts/fetch-artifact.ts";
import type { DashboardDeps } from "../deps.ts";
import { findArtifact, type ArtifactRow } from "../queries/attachments.ts";

/** Shown in the page; everything else is offered as a file. */
const SHOWN = ["image/png", "image/webp", "image/jpeg"];

export function artifactRoutes({ store, home }: DashboardDeps): Hono {
  return new Hono().get("/artifacts/:id{[0-9a-f]{32,64}}", async (c) => {
    const artifact = await findArtifact(store.sql, c.req.param("id"));
    if (artifact === null) throw missing(`no artifact has the id ${c.req.param("id")}`);
    await fetchArtifact(store, home, artifact);
    const file = await fileOf(home, artifact);
    const shown = SHOWN.includes(artifact.mediaType);
    const name = encodeURIComponent(artifact.name.split("/").at(-1) as string);
    return c.body(Readable.toWeb(createReadStream(file)) as ReadableStream, 200, {
      "content-type": shown ? artifact.mediaType : "application/octet-stream",
      "cache-control": "private, max-age=31536000, immutable", // an id is a digest of the content
      ...(!shown && { "content-disposition": `attachment; filename*=UTF-8''${name}` }),
    });
  });
}

/** @throws LockstepError where the file is gone or its path leaves EXP_HOME, links followed */
async function fileOf(home: string, artifact: ArtifactRow): Promise<string> {
  let root: string, file: string; // prettier-ignore
  try {
    root = await realpath(home);
    file = await realpath(join(root, artifact.path));
  } catch (cause) {
    throw missing(`the file of "${artifact.name}" is gone: ${artifact.path}`, cause);
  }
  if (!file.startsWith(root + sep)) throw missing(`the path of "${artifact.name}" leaves EXP_HOME`);
  return file;
}

function missing(message: string, cause?: unknown): LockstepError {
  return new LockstepError({
    code: "run-not-found",
    message,
    next: "Artifacts lie below EXP_HOME; was it moved? Those of other machines are had where ARTIFACTS_URL is set.",
    cause,
  });
}
