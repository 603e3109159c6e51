// A list that many browsers fetch again at the same moment, because a run has changed it, is read and written once for all of them:
// otherwise twenty open pages would cost the trainer beside them twenty times as much.
import type { MiddlewareHandler } from "hono";
import { viewer } from "../viewer.ts";

/** For so long after its reading has begun a page is given to others; below the time between two changes that are told. */
const SHARED_MS = 1000;

/** Of what client/live-page.js fetches; a page that a reader opens is made anew. */
export function shareLists(): MiddlewareHandler {
  const pages = new Map<string, Promise<Response>>();
  return async (c, next) => {
    if (c.req.header("lockstep-live") === undefined) return next();
    const { name, role } = viewer();
    const key = JSON.stringify([c.req.url, name, role]);
    const present = pages.get(key);
    if (present !== undefined) return (await present).clone();
    const made = next().then(() => c.res);
    pages.set(key, made);
    setTimeout(() => pages.delete(key), SHARED_MS).unref();
    return (await made).clone();
  };
}
