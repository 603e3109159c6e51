// The JSON API under /api/v1, described at /api/v1/openapi.json; the pages' own scripts use it too.
import { createRoute, OpenAPIHono, z, type RouteConfig } from "@hono/zod-openapi";
import type { Hono } from "hono";
import { LockstepError } from "../../core/errors.ts";
import { listQueue } from "../../core/store/queue.ts";
import { comparePair, whyUnpaired } from "../comparison/pair.ts";
import type { DashboardDeps } from "../deps.ts";
import { parseFilter } from "../filter/parse.ts";
import { metricChoice } from "../metric-names.ts";
import { COLUMNS } from "../queries/columns.ts";
import { manyCurves, runCurves } from "../queries/curves.ts";
import { readExperiments } from "../queries/experiments.ts";
import { readHistograms, readMetrics } from "../queries/metrics.ts";
import { readConfusions, readPredictions } from "../queries/outcomes.ts";
import { runReadOnly } from "../queries/read-only.ts";
import { findRun, listRuns } from "../queries/runs.ts";
import { chosenRuns } from "../comparison/read.ts";
import { registerTracker } from "./tracker.ts";
import * as schemas from "./api-schemas.ts";

export function apiRoutes(deps: DashboardDeps): Hono {
  const { store } = deps;
  const api = new OpenAPIHono({ defaultHook: refuse });
  registerTracker(api, deps);

  api.openapi(
    route(
      "/api/v1/experiments",
      "Experiments as grids of variants and seeds",
      schemas.metricQuery,
      schemas.experiments,
    ),
    async (c) => c.json({ experiments: await readExperiments(store.sql, metricChoice(c.req.valid("query").metric)) }),
  );
  api.openapi(
    route("/api/v1/runs", "Runs that pass a filter, newest first", schemas.listQuery, schemas.runList),
    async (c) => {
      const { q, limit, offset } = c.req.valid("query");
      const created = COLUMNS.find((column) => column.key === "created_at") as (typeof COLUMNS)[number];
      const sort = { column: created, descending: true };
      return c.json(
        await listRuns(store.sql, { filter: parseFilter(q), columns: COLUMNS, sort, archived: false, limit, offset }),
      );
    },
  );
  api.openapi(
    route("/api/v1/queue", "What waits for workers, in their order", schemas.nothing, schemas.queue),
    async (c) => c.json({ queue: await listQueue(store) }),
  );
  api.openapi(routeOfRun("/api/v1/runs/{id}", "One run: settings, results, provenance", schemas.run), async (c) =>
    c.json({ run: await findRun(store.sql, c.req.valid("param").id) }),
  );
  api.openapi(
    routeOfRun("/api/v1/runs/{id}/curves", "Curves by batch and by epoch, as columns", schemas.curves),
    async (c) => {
      const { runId } = await findRun(store.sql, c.req.valid("param").id);
      return c.json(await runCurves(store.sql, runId));
    },
  );
  api.openapi(
    routeOfRun("/api/v1/runs/{id}/metrics", "Numbers that were logged, and the machine's, as columns", schemas.metrics),
    async (c) => {
      const { runId } = await findRun(store.sql, c.req.valid("param").id);
      return c.json({ metrics: await readMetrics(store.sql, runId) });
    },
  );
  api.openapi(
    routeOfRun("/api/v1/runs/{id}/histograms", "One histogram over the steps", schemas.histograms, schemas.nameQuery),
    async (c) => {
      const { runId } = await findRun(store.sql, c.req.valid("param").id);
      return c.json({ histograms: await readHistograms(store.sql, runId, c.req.valid("query").name) });
    },
  );
  api.openapi(
    routeOfRun("/api/v1/runs/{id}/confusion", "Confusion matrices by phase and epoch", schemas.confusion),
    async (c) => {
      const run = await findRun(store.sql, c.req.valid("param").id);
      const matrices = await readConfusions(store.sql, run.runId, run.classes?.length ?? 0);
      return c.json({ classes: [...(run.classes ?? [])], matrices });
    },
  );
  api.openapi(
    routeOfRun("/api/v1/runs/{id}/predictions", "What the run says of each test sample", schemas.predictions),
    async (c) => {
      const { runId } = await findRun(store.sql, c.req.valid("param").id);
      return c.json({ predictions: await readPredictions(store.sql, runId, "test") });
    },
  );
  api.openapi(
    route("/api/v1/curves", "One metric of many runs", schemas.curvesQuery, schemas.manyCurves),
    async (c) => {
      const { runs, q, phase, metric, by } = c.req.valid("query");
      const chosen = await chosenRuns(store.sql, { runs: runs.split(",").filter(Boolean), q });
      const runIds = chosen.map((run) => run.runId);
      return c.json({ curves: await manyCurves(store.sql, { runIds, phase, metric, by }) });
    },
  );
  api.openapi(
    route("/api/v1/compare", "Paired tests of two runs on the same test samples", schemas.pairQuery, schemas.pair),
    async (c) => {
      const { a, b } = c.req.valid("query");
      return c.json(await pairOf(a, b));
    },
  );
  api.openapi(route("/api/v1/sql", "Rows of one read-only statement", schemas.sqlQuery, schemas.answer), async (c) => {
    if (c.req.header("sec-fetch-site") === "cross-site")
      throw usage("queries from another site are refused", "Open the SQL page.");
    return c.json(await runReadOnly(store, c.req.valid("query").q));
  });
  for (const described of EVENTS) api.openAPIRegistry.registerPath(described); // served by routes/events.ts
  api.doc31("/api/v1/openapi.json", { openapi: "3.1.0", info: { title: "Lockstep", version: "1" } });
  return api as unknown as Hono;

  async function pairOf(nameA: string, nameB: string) {
    const [a, b] = await Promise.all([findRun(store.sql, nameA), findRun(store.sql, nameB)]);
    const [ofA, ofB] = await Promise.all([
      readPredictions(store.sql, a.runId, "test"),
      readPredictions(store.sql, b.runId, "test"),
    ]);
    const side = (run: typeof a, predictions: typeof ofA) => ({ datasetDigest: run.datasetDigest, predictions });
    const unpaired = whyUnpaired(side(a, ofA), side(b, ofB));
    if (unpaired !== null)
      throw usage(`${nameA} and ${nameB} cannot be paired. ${unpaired}`, "Compare runs of one split.");
    const positive = Math.max(0, (a.classes ?? []).indexOf(a.positiveClass ?? ""));
    return { a: a.runId, b: b.runId, ...comparePair(ofA, ofB, positive) };
  }
}

const ofEvents = (description: string) => ({
  200: { description, content: { "text/event-stream": { schema: z.string() } } },
});

const EVENTS: readonly RouteConfig[] = [
  {
    method: "get",
    path: "/api/v1/runs/{id}/events",
    summary: "What a run that goes on brings: its new rows, that it may have logged more, its end",
    request: { params: schemas.runParam, query: schemas.eventsQuery },
    responses: ofEvents('"rows" with { batches, epochs }, "logged", and "end" with { status }'),
  },
  {
    method: "get",
    path: "/api/v1/events",
    summary: "That a run has begun, gone on by an epoch or ended",
    responses: ofEvents('"changed"'),
  },
];

function route<Query extends z.ZodObject>(path: string, summary: string, query: Query, body: z.ZodType) {
  return createRoute({ method: "get", path, summary, request: { query }, responses: { 200: answerOf(body, summary) } });
}

const NO_QUERY = z.object({});

function routeOfRun<Path extends string, Query extends z.ZodObject = typeof NO_QUERY>(
  path: Path,
  summary: string,
  body: z.ZodType,
  query: Query = NO_QUERY as unknown as Query,
) {
  return createRoute({
    method: "get",
    path,
    summary,
    request: { params: schemas.runParam, query },
    responses: { 200: answerOf(body, summary) },
  });
}

/** The schema describes the answer; its type is not held against the handler's, whose rows are read-only and hold dates. */
function answerOf(schema: z.ZodType, description: string) {
  return { description, content: { "application/json": { schema: schema as z.ZodAny } } };
}

/** A query that does not fit its description. */
function refuse(result: { success: boolean; error?: z.ZodError }): undefined {
  if (result.success) return undefined;
  const issue = result.error?.issues[0];
  throw usage(`api: ${issue?.path.join(".") ?? "query"}: ${issue?.message ?? "invalid"}`, "See /api/v1/openapi.json.");
}

function usage(message: string, next: string): LockstepError {
  return new LockstepError({ code: "usage", message, next });
}
