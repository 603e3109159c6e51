// GET /queue : what waits for workers and who trains what; POST /queue/ID/pause|resume|cancel changes it. The same as JSON under /api/v1/queue.
import { Hono } from "hono";
import { LockstepError } from "../../core/errors.ts";
import { changeQueue, listQueue, type QueueChange } from "../../core/store/queue.ts";
import { noteChange } from "../../core/store/users.ts";
import type { DashboardDeps } from "../deps.ts";
import { findRun } from "../queries/runs.ts";
import { viewer } from "../viewer.ts";
import { QueuePage } from "../views/queue.tsx";

const CHANGE = ":change{pause|resume|cancel}";

export function queueRoutes({ store }: DashboardDeps): Hono {
  return new Hono()
    .get("/queue", async (c) => c.html(QueuePage({ queue: await listQueue(store) })))
    .post(`/queue/:id/${CHANGE}`, async (c) => {
      await change(c.req.param("id"), c.req.param("change") as QueueChange);
      return c.redirect("/queue", 303);
    })
    .post(`/api/v1/queue/:id/${CHANGE}`, async (c) =>
      c.json(await change(c.req.param("id"), c.req.param("change") as QueueChange)),
    );

  async function change(name: string, what: QueueChange): Promise<{ run: string; done: string }> {
    const { runId, status } = await findRun(store.sql, name);
    const done = await changeQueue(store, runId, what);
    if (done !== null) {
      await noteChange(store, [runId], `queue: ${what}`, viewer().name);
      return { run: runId, done };
    }
    throw new LockstepError({
      code: "run-state",
      message: `run ${runId} is ${status}: nothing to ${what}`,
      next: "The queue lists what waits.",
    });
  }
}
