// GET / : experiments as grids.
import { Hono } from "hono";
import type { DashboardDeps } from "../deps.ts";
import { metricChoice } from "../metric-names.ts";
import { readExperiments } from "../queries/experiments.ts";
import { ExperimentsPage } from "../views/experiments.tsx";

export function experimentRoutes({ store }: DashboardDeps): Hono {
  return new Hono().get("/", async (c) => {
    const metric = metricChoice(c.req.query("metric"));
    return c.html(ExperimentsPage({ experiments: await readExperiments(store.sql, metric), metric }));
  });
}
