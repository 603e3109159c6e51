// GET /datasets and /datasets/DIGEST.
import { Hono } from "hono";
import { LockstepError } from "../../core/errors.ts";
import type { DashboardDeps } from "../deps.ts";
import {
  readDatasets,
  readDuplicates,
  readLeakedGroups,
  readPictures,
  readSizes,
  readSplits,
  readThumbnails,
} from "../queries/datasets.ts";
import { DatasetPage } from "../views/dataset.tsx";
import { DatasetsPage } from "../views/datasets.tsx";

const PICTURES = 48;
const PAIRS = 30;

export function datasetRoutes({ store }: DashboardDeps): Hono {
  return new Hono()
    .get("/datasets", async (c) => c.html(DatasetsPage({ datasets: await readDatasets(store.sql) })))
    .get("/datasets/:digest", async (c) => {
      const [dataset] = await readDatasets(store.sql, c.req.param("digest"));
      if (dataset === undefined)
        throw new LockstepError({
          code: "run-not-found",
          message: `no data set is named "${c.req.param("digest")}"`,
          next: "See /datasets.",
        });
      const splits = await readSplits(store.sql, dataset.digest);
      const split = splits.find((one) => one.digest === c.req.query("split")) ?? splits[0] ?? null;
      const splitDigest = split?.digest ?? null;
      const [sizes, duplicates, leakedGroups, pictures] = await Promise.all([
        readSizes(store.sql, dataset.digest),
        readDuplicates(store.sql, dataset.digest, splitDigest),
        splitDigest === null ? 0 : readLeakedGroups(store.sql, dataset.digest, splitDigest),
        readPictures(store.sql, { datasetDigest: dataset.digest, splitDigest, limit: PICTURES }),
      ]);
      const pairs = (dataset.inspection?.duplicates ?? []).slice(0, PAIRS);
      const thumbnails = await readThumbnails(
        store.sql,
        dataset.digest,
        pairs.flatMap(({ a, b }) => [a, b]),
      );
      const findings = { dataset, splits, split, sizes, duplicates, leakedGroups, pictures };
      return c.html(DatasetPage({ ...findings, pairs, thumbnails }));
    });
}
