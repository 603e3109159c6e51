// The tracker over HTTP, for programs in any language: POST /api/v1/runs and what belongs to one of them. An answer means that all of
// it is in the spool. Each request shows the token: "Authorization: Bearer …"; a cookie does not count, so no page can post here.
import { createRoute, type OpenAPIHono, type z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { LockstepError } from "../../core/errors.ts";
import { findUser } from "../../core/store/users.ts";
import type { DashboardDeps } from "../deps.ts";
import { sameText } from "../same-text.ts";
import { TrackedRuns } from "../tracking/tracked-runs.ts";
import { trackerToken } from "../tracking/token.ts";
import * as schemas from "./tracker-schemas.ts";

const MB = 2 ** 20;

export function registerTracker(api: OpenAPIHono, deps: DashboardDeps): void {
  const runs = deps.tracked ?? new TrackedRuns(deps);
  for (const path of ["/api/v1/runs", "/api/v1/runs/*"]) api.on("POST", path, checkBearer(deps), sizeLimit());

  api.openapi(post("/api/v1/runs", "Begin a run", { body: schemas.newRun }), async (c) => {
    const { run: runId, ...about } = c.req.valid("json");
    return c.json({ run: await runs.begin({ runId, ...about }) }, 201);
  });
  api.openapi(postTo("log", "Log numbers", { body: schemas.numbers }), async (c) => {
    const run = await runs.get(c.req.valid("param").id);
    const body = c.req.valid("json");
    for (const { values, ...at } of "rows" in body ? body.rows : [body]) run.log(values, defined(at));
    return c.json({ ok: true }, 201);
  });
  api.openapi(postTo("text", "A line of the log", { body: schemas.line }), async (c) => {
    const { text, level } = c.req.valid("json");
    (await runs.get(c.req.valid("param").id)).text(text, level);
    return c.json({ ok: true }, 201);
  });
  api.openapi(postTo("histograms", "How numbers are spread", { body: schemas.histogram }), async (c) => {
    const { name, step, epoch, ...given } = c.req.valid("json");
    const values = "values" in given ? given.values : given;
    (await runs.get(c.req.valid("param").id)).histogram(name, values, at({ step, epoch }));
    return c.json({ ok: true }, 201);
  });
  api.openapi(postTo("tables", "A table", { body: schemas.table }), async (c) => {
    const { name, rows, step, epoch } = c.req.valid("json");
    (await runs.get(c.req.valid("param").id)).table(name, rows, at({ step, epoch }));
    return c.json({ ok: true }, 201);
  });
  api.openapi(postTo("images", "A picture; the body is its bytes", { query: schemas.imageQuery }), async (c) => {
    const { name, step, epoch } = c.req.valid("query");
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    (await runs.get(c.req.valid("param").id)).image(name, bytes, at({ step, epoch }));
    return c.json({ ok: true }, 201);
  });
  api.openapi(postTo("files", "A file; the body is its bytes", { query: schemas.fileQuery }), async (c) => {
    const { name, kind, epoch } = c.req.valid("query");
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    (await runs.get(c.req.valid("param").id)).artifact(bytes, { name, kind, epoch });
    return c.json({ ok: true }, 201);
  });
  api.openapi(postTo("finish", "End a run", { body: schemas.ending }), async (c) =>
    c.json(await runs.finish(c.req.valid("param").id, c.req.valid("json").status), 201),
  );
}

/** A step and an epoch where they were given; undefined: the run's last step. */
function at(place: { step?: number; epoch?: number | null }): { step?: number; epoch?: number | null } | undefined {
  return place.step === undefined && place.epoch === undefined ? undefined : defined(place);
}

/** Without the fields that are undefined. */
function defined<Fields extends object>(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;
}

/** The dashboard's own token where it has one, a user's where it has users, else the home's. */
function checkBearer({ token, users, home, store }: DashboardDeps): MiddlewareHandler {
  return async (c, next) => {
    const expected = token ?? trackerToken(home);
    const given = /^Bearer (.+)$/.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
    if (sameText(given, expected)) return next();
    if (users === true && (await findUser(store, given))?.role === "write") return next();
    const [message, how] = ["a run is logged with a token", "Send Authorization: Bearer TOKEN; exp tracker prints it."];
    return c.json({ type: "error", code: "usage", message, next: how }, 401);
  };
}

function sizeLimit(): MiddlewareHandler {
  return bodyLimit({
    maxSize: 512 * MB,
    onError: () => {
      throw new LockstepError({ code: "usage", message: "api: the body is larger than 512 MiB", next: "Send less." });
    },
  });
}

interface Parts<Body extends z.ZodType, Query extends z.ZodObject> {
  readonly body?: Body;
  readonly query?: Query;
}

function postTo<Name extends string, Body extends z.ZodType, Query extends z.ZodObject>(
  name: Name,
  summary: string,
  parts: Parts<Body, Query>,
) {
  const route = post(`/api/v1/runs/{id}/${name}` as const, summary, parts);
  return { ...route, request: { ...route.request, params: schemas.runId } };
}

function post<Path extends string, Body extends z.ZodType, Query extends z.ZodObject>(
  path: Path,
  summary: string,
  { body, query }: Parts<Body, Query>,
) {
  return createRoute({
    method: "post",
    path,
    summary,
    security: [{ bearer: [] }],
    request: {
      query: query as Query,
      body:
        body === undefined
          ? (undefined as never)
          : { required: true, content: { "application/json": { schema: body } } },
    },
    responses: { 201: { description: summary, content: { "application/json": { schema: schemas.anything } } } },
  });
}
