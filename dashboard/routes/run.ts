// GET /runs/ID and its tabs.
import { Hono } from "hono";
import { readDecisions } from "../../core/store/halving.ts";
import { readKernelTimes } from "../../core/store/kernel-times.ts";
import { readLoopDelay } from "../../core/store/loop-delay.ts";
import { readScores } from "../../core/store/scores.ts";
import type { ConfusionMode } from "../confusion.ts";
import type { DashboardDeps } from "../deps.ts";
import { readArtifacts, readChanges, readLineage, readLog, readVerdicts } from "../queries/attachments.ts";
import { hasBatches } from "../queries/curves.ts";
import { readEvaluations } from "../queries/evaluations.ts";
import { readLoggedMetrics, readLoggedNames } from "../queries/metrics.ts";
import { predictionPhases, readConfusions, readOverlays, readPredictions, type Matrices } from "../queries/outcomes.ts";
import { findRun, type RunDetail } from "../queries/runs.ts";
import type { CellRef } from "../views/confusion.tsx";
import { ArtifactsPage } from "../views/run/artifacts.tsx";
import { ConfigPage } from "../views/run/config.tsx";
import { EvaluationPage } from "../views/run/evaluation.tsx";
import { ForeignOverviewPage } from "../views/run/foreign.tsx";
import { LogPage } from "../views/run/log.tsx";
import { MetricsPage } from "../views/run/metrics.tsx";
import { OverviewPage } from "../views/run/overview.tsx";
import { SAMPLE_SORTS, SamplesPage, type SampleSort } from "../views/run/samples.tsx";

type Query = (name: string) => string | undefined;

export function runRoutes({ store }: DashboardDeps): Hono {
  return new Hono()
    .get("/runs/:id", async (c) => {
      const run = await findRun(store.sql, c.req.param("id"));
      if (run.kind !== "lockstep") return c.html(await foreignOverview(run));
      const [begun, matrices, evaluations, scores, artifacts, times, loopDelay, halving] = await Promise.all([
        hasBatches(store.sql, run.runId),
        readConfusions(store.sql, run.runId, run.classes?.length ?? 0),
        readEvaluations(store.sql, [run.runId]),
        readScores(store, run.runId),
        readArtifacts(store.sql, run.runId),
        readKernelTimes(store, run.runId),
        readLoopDelay(store, run.runId),
        readDecisions(store, run.runId),
      ]);
      const first = firstMatrix(matrices, (name) => c.req.query(name));
      const sheet = artifacts.find((one) => one.kind === "contact-sheet") ?? null;
      return c.html(
        OverviewPage({ run, begun, matrices, first, evaluations, scores, sheet, times, loopDelay, halving }),
      );
    })
    .get("/runs/:id/evaluation", async (c) => {
      const run = await findRun(store.sql, c.req.param("id"));
      const { phase, phases } = await phaseOf(run.runId, c.req.query("of"));
      const predictions = await readPredictions(store.sql, run.runId, phase);
      return c.html(EvaluationPage({ run, phase, phases, predictions }));
    })
    .get("/runs/:id/samples", async (c) => {
      const run = await findRun(store.sql, c.req.param("id"));
      const { phase, phases } = await phaseOf(run.runId, c.req.query("of"));
      const state = {
        phase,
        sort: sortOf(c.req.query("sort")),
        cell: readCell(c.req.query("cell")),
        page: pageOf(c.req.query("page")),
      };
      const [predictions, overlays] = await Promise.all([
        readPredictions(store.sql, run.runId, phase),
        readOverlays(store.sql, run.runId),
      ]);
      return c.html(SamplesPage({ run, state, phases, predictions, overlays }));
    })
    .get("/runs/:id/metrics", async (c) => {
      const run = await findRun(store.sql, c.req.param("id"));
      return c.html(MetricsPage({ run, logged: await readLoggedNames(store.sql, run.runId) }));
    })
    .get("/runs/:id/config", async (c) => {
      const run = await findRun(store.sql, c.req.param("id"));
      const [lineage, verdicts, changes] = await Promise.all([
        readLineage(store.sql, run.runId),
        readVerdicts(store.sql, run.runId),
        readChanges(store.sql, run.runId),
      ]);
      return c.html(ConfigPage({ run, lineage, verdicts, changes }));
    })
    .get("/runs/:id/log", async (c) => {
      const run = await findRun(store.sql, c.req.param("id"));
      return c.html(LogPage({ run, lines: await readLog(store.sql, run.runId) }));
    })
    .get("/runs/:id/artifacts", async (c) => {
      const run = await findRun(store.sql, c.req.param("id"));
      return c.html(ArtifactsPage({ run, artifacts: await readArtifacts(store.sql, run.runId) }));
    });

  async function foreignOverview(run: RunDetail) {
    const [logged, artifacts] = await Promise.all([
      readLoggedMetrics(store.sql, run.runId),
      readArtifacts(store.sql, run.runId),
    ]);
    return ForeignOverviewPage({ run, logged, artifacts });
  }

  async function phaseOf(runId: string, asked: string | undefined): Promise<{ phase: string; phases: string[] }> {
    const phases = await predictionPhases(store.sql, runId);
    const phase = [asked, "test", phases[0]].find((name) => name !== undefined && phases.includes(name));
    return { phase: phase ?? "test", phases };
  }
}

/** The matrix that the address asks for, else test, else the last validation. */
function firstMatrix(matrices: Matrices, query: Query): { phase: string; epoch: number; show: ConfusionMode } | null {
  const phases = Object.keys(matrices);
  const phase = [query("phase"), "test", "val", phases[0]].find((name) => name !== undefined && name in matrices);
  if (phase === undefined) return null;
  const epochs = Object.keys(matrices[phase] ?? {}).map(Number);
  const asked = Number(query("epoch"));
  const show = (["count", "row", "column"] as const).find((mode) => mode === query("show")) ?? "count";
  return { phase, epoch: epochs.includes(asked) ? asked : Math.max(...epochs), show };
}

/** "1,0": true class, predicted class. */
export function readCell(text: string | undefined): CellRef | null {
  const match = /^(\d+),(\d+)$/.exec(text ?? "");
  return match === null ? null : { trueClass: Number(match[1]), predictedClass: Number(match[2]) };
}

function sortOf(text: string | undefined): SampleSort {
  return SAMPLE_SORTS.find(([key]) => key === text)?.[0] ?? "loss";
}

function pageOf(text: string | undefined): number {
  return Math.max(1, Math.floor(Number(text ?? 1)) || 1);
}
