// GET / : experiments as grids.
import { Hono } from "hono";
import type { DashboardDeps } from "../deps.ts";
import { metricChoice } from "../metric-names.ts";
import { countExperiments, EXPERIMENTS_SHOWN, readExperiments } from "../queries/experiments.ts";
import { ExperimentsPage } from "../views/experiments.tsx";

export function experimentRoutes({ store }: DashboardDeps): Hono {
  return new Hono().get("/", async (c) => {
    const metric = metricChoice(c.req.query("metric"));
    const page = Math.max(1, Math.floor(Number(c.req.query("page") ?? 1)) || 1);
    const [experiments, total] = await Promise.all([
      readExperiments(store.sql, metric, { page }),
      countExperiments(store.sql),
    ]);
    return c.html(ExperimentsPage({ experiments, metric, page, pages: Math.ceil(total / EXPERIMENTS_SHOWN) }));
  });
}
