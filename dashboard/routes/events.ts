// Server-sent events: of one run while it goes on, and of the lists.
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import type { DashboardDeps } from "../deps.ts";
import { ListPoller } from "../live/list-poller.ts";
import { RunPollers, type LiveEvent } from "../live/run-poller.ts";
import type { Position } from "../queries/curves.ts";
import { findRun } from "../queries/runs.ts";

export function eventRoutes({ store }: DashboardDeps): Hono {
  const runs = new RunPollers(store);
  const lists = new ListPoller(store);
  return new Hono()
    .get("/api/v1/runs/:id/events", async (c) => {
      const { runId } = await findRun(store.sql, c.req.param("id"));
      const after = readPosition(c.req.query("after"));
      return streamSSE(c, (stream) =>
        untilAborted(stream, (done) =>
          runs.watch(runId, after, (events) => {
            const written = stream.write(events.map(asText).join(""));
            if (events.at(-1)?.name === "end") written.then(done, done); // closed only when it is out
          }),
        ),
      );
    })
    .get("/api/v1/events", (c) =>
      streamSSE(c, (stream) =>
        untilAborted(stream, () => lists.watch(() => void stream.writeSSE({ event: "changed", data: "{}" }))),
      ),
    );
}

/** JSON has no line break, which would end the event. */
function asText({ name, data }: LiveEvent): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** "3,17,42.5": the last epoch and batch that the page holds, and its seconds since the first; null where it shows none. */
function readPosition(text: string | undefined): Position | null {
  const match = /^(\d+),(\d+),(\d+(?:\.\d+)?)$/.exec(text ?? "");
  return match === null ? null : { epoch: Number(match[1]), batch: Number(match[2]), seconds: Number(match[3]) };
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
