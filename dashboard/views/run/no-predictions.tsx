/** @jsxImportSource hono/jsx */
// Why a run has no predictions to show, and what to do.
import type { RunDetail } from "../../queries/runs.ts";
import { short } from "../../format.ts";
import { Empty } from "../parts.tsx";

export function NoPredictions({ run }: { run: RunDetail }) {
  return run.kind === "lockstep" ? (
    <Empty title="No predictions yet">
      <p>{OF_STATUS[run.status] ?? "This run ended before its test stage."}</p>
      {["failed", "lost", "interrupted"].includes(run.status) && (
        <p>
          <code>exp resume {short(run.runId)}</code> goes on from its last checkpoint and brings them.
        </p>
      )}
    </Empty>
  ) : (
    <Empty title="No predictions">
      <p>Another program trained this run and logged its numbers; what it says of each image is not known here.</p>
    </Empty>
  );
}

const OF_STATUS: Readonly<Record<string, string>> = {
  queued: "The run has not begun.",
  running: "They are stored with the best epoch and at the end of the run.",
};
