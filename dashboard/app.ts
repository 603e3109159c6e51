// The dashboard as one Hono app, testable with app.request(): security first, then pages, the JSON API and assets.
import { Hono } from "hono";
import type { DashboardDeps } from "./deps.ts";
import { shareLists } from "./live/shared-lists.ts";
import { checkHost, checkOrigin, checkToken, contentPolicy } from "./security.ts";
import { apiRoutes } from "./routes/api.ts";
import { artifactRoutes } from "./routes/artifacts.ts";
import { assetRoutes } from "./routes/assets.ts";
import { compareRoutes } from "./routes/compare.ts";
import { datasetRoutes } from "./routes/datasets.ts";
import { answerError, answerNotFound } from "./routes/errors.ts";
import { eventRoutes } from "./routes/events.ts";
import { experimentRoutes } from "./routes/experiments.ts";
import { queueRoutes } from "./routes/queue.ts";
import { runRoutes } from "./routes/run.ts";
import { runChangeRoutes } from "./routes/run-changes.ts";
import { runsRoutes } from "./routes/runs.ts";
import { sqlRoutes } from "./routes/sql.ts";
import { sweepRoutes } from "./routes/sweep.ts";

/** @example createApp({ store, home }).request("/runs") */
export function createApp(deps: DashboardDeps): Hono {
  const app = new Hono({ strict: false });
  app.use(
    checkHost(deps.host ?? null),
    contentPolicy(),
    checkToken(deps.token ?? null, deps.users === true ? deps.store : null),
    checkOrigin(),
    shareLists(),
  );
  const parts = [
    experimentRoutes,
    runsRoutes,
    runRoutes,
    runChangeRoutes,
    compareRoutes,
    sweepRoutes,
    datasetRoutes,
    queueRoutes,
    sqlRoutes,
    artifactRoutes,
    eventRoutes,
    apiRoutes,
    assetRoutes,
  ];
  for (const part of parts) app.route("/", part(deps));
  app.notFound(answerNotFound);
  app.onError(answerError);
  return app;
}
