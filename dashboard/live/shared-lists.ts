// A list that many browsers fetch again at the same moment, because a run has changed it, is read and written once for all of them:
// otherwise twenty open pages would cost the trainer beside them twenty times as much.
import type { MiddlewareHandler } from "hono";
import { viewer } from "../viewer.ts";

/** For so long after its reading has begun a page is given to others; below the time between two changes that are told. */
const SHARED_MS = 1000;

interface Answer {
  readonly text: string;
  readonly status: number;
  readonly type: string;
}

/** Of what client/live-page.js and client/metrics.js fetch again; a page that a reader opens is made anew. */
export function shareLists(): MiddlewareHandler {
  const answers = new Map<string, Promise<Answer>>();
  return async (c, next) => {
    if (c.req.header("lockstep-live") === undefined) return next();
    const { name, role } = viewer();
    const key = JSON.stringify([c.req.url, name, role]);
    const present = answers.get(key);
    if (present !== undefined) return responseOf(await present);
    const made = next().then(() => answerOf(c.res));
    answers.set(key, made);
    setTimeout(() => answers.delete(key), SHARED_MS).unref();
    c.res = responseOf(await made); // what its handler answered has been read
    return undefined;
  };
}

async function answerOf(response: Response): Promise<Answer> {
  return { text: await response.text(), status: response.status, type: response.headers.get("content-type") ?? "" };
}

/** Text is written as it is; a copy of a response would be read in pieces for each reader. */
function responseOf({ text, status, type }: Answer): Response {
  return new Response(text, { status, headers: { "content-type": type } });
}
