// Server-sent events: of one run while it goes on, and of the lists.
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import type { DashboardDeps } from "../deps.ts";
import { ListPoller } from "../live/list-poller.ts";
import { RunPollers, type LiveEvent } from "../live/run-poller.ts";
import { newRows } from "../queries/curves.ts";
import { findRun } from "../queries/runs.ts";

export function eventRoutes({ store }: DashboardDeps): Hono {
  const runs = new RunPollers(store);
  const lists = new ListPoller(store);
  return new Hono()
    .get("/api/v1/runs/:id/events", async (c) => {
      const { runId } = await findRun(store.sql, c.req.param("id"));
      const after = readPosition(c.req.query("after"));
      return streamSSE(c, (stream) =>
        untilAborted(stream, (done) => {
          const send = ({ name, data }: LiveEvent) => {
            const written = stream.writeSSE({ event: name, data: JSON.stringify(data) });
            if (name === "end") written.then(done, done); // closed only when it is out
          };
          const stop = runs.watch(runId, send);
          // What came between the page's own reading and this subscription.
          newRows(store.sql, runId, after).then((data) => send({ name: "rows", data }), done);
          return stop;
        }),
      );
    })
    .get("/api/v1/events", (c) =>
      streamSSE(c, (stream) =>
        untilAborted(stream, () => lists.watch(() => void stream.writeSSE({ event: "changed", data: "{}" }))),
      ),
    );
}

/** "3,17": the last epoch and batch that the page holds. */
function readPosition(text: string | undefined): { epoch: number; batch: number } {
  const match = /^(\d+),(\d+)$/.exec(text ?? "");
  return match === null ? { epoch: 0, batch: 0 } : { epoch: Number(match[1]), batch: Number(match[2]) };
}

interface Abortable {
  onAbort(listener: () => void): void;
}

/** Keeps a stream open until the reader leaves or `done` is called, then ends the subscription. */
async function untilAborted(stream: Abortable, subscribe: (done: () => void) => () => void): Promise<void> {
  let unsubscribe: () => void = () => undefined;
  await new Promise<void>((resolve) => {
    stream.onAbort(resolve);
    unsubscribe = subscribe(resolve);
  });
  unsubscribe();
}
