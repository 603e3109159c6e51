// Errors as pages, or as JSON under /api: a user's mistake keeps its message and next step, a fault of ours says so.
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { LockstepError } from "../../core/errors.ts";
import { errorPage } from "../views/error.tsx";

export function answerError(error: Error, c: Context): Response | Promise<Response> {
  if (error instanceof HTTPException) return error.getResponse();
  if (error instanceof LockstepError) return answer(c, error, statusOf(error));
  process.stderr.write(`dashboard: ${c.req.method} ${c.req.path}: ${error.stack ?? error.message}\n`);
  const fault = new LockstepError({
    code: "internal",
    message: error.message,
    next: "This is a fault of ours.",
    cause: error,
  });
  return answer(c, fault, 500);
}

export function answerNotFound(c: Context): Response | Promise<Response> {
  const error = new LockstepError({
    code: "usage",
    message: `no page at ${c.req.path}`,
    next: "Start from the experiments.",
  });
  return answer(c, error, 404);
}

function answer(c: Context, error: LockstepError, status: ContentfulStatusCode): Response | Promise<Response> {
  const { code, message, next } = error;
  if (c.req.path.startsWith("/api/")) return c.json({ type: "error", code, message, next }, status);
  return c.html(errorPage(error), status);
}

function statusOf(error: LockstepError): ContentfulStatusCode {
  if (error.code === "run-not-found") return 404;
  if (error.code === "run-state") return 409;
  return error.code === "internal" || error.code === "database" ? 500 : 400;
}
