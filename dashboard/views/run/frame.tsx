/** @jsxImportSource hono/jsx */
// What all tabs of a run share: its name, state, what must be known about it, and the tabs.
import { seedTitle } from "../../../core/store/seed-text.ts";
import type { Child } from "hono/jsx";
import type { RunDetail } from "../../queries/runs.ts";
import { datasetTitle, dateTime, duration, short } from "../../format.ts";
import { mayChange } from "../../viewer.ts";
import { Data, Page } from "../layout.tsx";
import { ForeignBadges, HonestyBadges, StatusBadge, Tabs } from "../parts.tsx";

export const TABS = [
  ["", "Overview"],
  ["evaluation", "ROC, PR, calibration"],
  ["samples", "Samples"],
  ["metrics", "Metrics and machine"],
  ["config", "Config and provenance"],
  ["log", "Log"],
  ["artifacts", "Artifacts"],
] as const;

export type TabName = (typeof TABS)[number][0];

interface FrameProps {
  readonly run: RunDetail;
  readonly tab: TabName;
  readonly scripts?: readonly string[];
  readonly children?: Child;
}

export function RunFrame({ run, tab, scripts = [], children }: FrameProps) {
  const name = `${run.experiment} / ${run.variant} / ${seedTitle(run)}`;
  const live = run.status === "running" || run.status === "queued";
  return (
    <Page title={name} section="/runs" scripts={scripts}>
      <div class="head">
        <div>
          <h1>
            <a href={`/runs?q=${encodeURIComponent(`experiment = "${run.experiment}"`)}`}>{run.experiment}</a> /{" "}
            {run.variant} <span class="muted">/ {seedTitle(run)}</span>
          </h1>
          <p class="row small">
            <StatusBadge status={run.status} />
            <HonestyBadges simulated={run.simulated} randomWeights={run.init === "random"} />
            <ForeignBadges runs={[run]} />
            {run.smoke && <span class="badge warn">smoke run</span>}
            {run.archivedAt !== null && <span class="badge">archived</span>}
            {run.tags.map((tag) => (
              <span class="badge">{tag}</span>
            ))}
            <span class="muted">
              <code>{short(run.runId)}</code> · {run.userName !== null && `${run.userName} · `}
              <span title={run.datasetName ?? undefined}>{datasetTitle(run.datasetName)}</span> ·{" "}
              {run.engine !== null && `${engineText(run)} · `}
              {dateTime(run.startedAt ?? run.createdAt)} UTC
              {run.startedAt !== null &&
                run.endedAt !== null &&
                ` · ${duration(run.endedAt.getTime() - run.startedAt.getTime())}`}
            </span>
          </p>
        </div>
        <div class="row">
          <a class="button" href={siblingsHref(run)}>
            Compare with other seeds
          </a>
          {live && run.kind === "lockstep" && mayChange() && <StopButton run={run} />}
        </div>
      </div>
      <Failure run={run} />
      <Tabs
        label="Parts of this run"
        choices={tabsOf(run).map(([path, title]) => ({
          name: title,
          href: `/runs/${run.runId}${path === "" ? "" : `/${path}`}`,
          current: path === tab,
        }))}
      />
      <Data id="run" value={{ id: run.runId, live, epochs: run.epochs ?? 1, perEpoch: batchesPerEpoch(run) }} />
      {children}
    </Page>
  );
}

/** Of a run of another program there are no predictions. */
function tabsOf({ kind }: RunDetail): readonly (typeof TABS)[number][] {
  return kind === "lockstep" ? TABS : TABS.filter(([path]) => path !== "evaluation" && path !== "samples");
}

function StopButton({ run }: { run: RunDetail }) {
  if (run.stopRequestedAt !== null) return <span class="badge warn">stopping…</span>;
  return (
    <form method="post" action={`/runs/${run.runId}/stop`} data-ask="Stop this run? What it has recorded is kept.">
      <button>Stop</button>
    </form>
  );
}

const WHY: Readonly<Record<string, string>> = {
  failed: "The run failed",
  lost: "The process that ran it vanished: killed, or the machine went down",
  interrupted: "The run was interrupted",
  paused: "The run is paused until the sweep's other runs have come as far",
  pruned: "The sweep's successive halving went on with other variants",
};

const NO_END = "Where it was imported from it has no end: it was going on, or was killed";

function Failure({ run }: { run: RunDetail }) {
  const why = run.kind === "imported" && run.status === "lost" ? NO_END : WHY[run.status];
  if (why === undefined) return null;
  return (
    <div class={`note ${["failed", "lost"].includes(run.status) ? "bad" : "warn"}`} role="note">
      <p>
        <b>{why}.</b> {run.errorMessage ?? ""}
      </p>
      {run.kind === "lockstep" && (
        <p>
          Continue it from its last checkpoint with <code>exp resume {short(run.runId)}</code>; its output is under Log.
        </p>
      )}
    </div>
  );
}

function batchesPerEpoch({ trainSamples, batchSize }: RunDetail): number | null {
  return trainSamples === null || batchSize === null ? null : Math.ceil(trainSamples / batchSize);
}

function engineText(run: RunDetail): string {
  const parts = [run.engine, run.kernels, run.device, run.threads === null ? null : `${run.threads} threads`];
  return parts.filter((part) => part !== null).join(" ");
}

function siblingsHref(run: RunDetail): string {
  const q = `experiment = ${JSON.stringify(run.experiment)} and variant = ${JSON.stringify(run.variant)} and status = done`;
  return `/compare?q=${encodeURIComponent(q)}`;
}
