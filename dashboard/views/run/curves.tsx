/** @jsxImportSource hono/jsx */
// The run page's charts and their controls; drawn by client/run-curves.js.
import { Card, Chart, SmoothAndLog } from "../parts.tsx";

const CHARTS = [
  ["loss", "Loss"],
  ["accuracy", "Accuracy"],
  ["imagesPerSecond", "Images a second"],
  ["lr", "Learning rate"],
] as const;

export function RunCurves() {
  return (
    <>
      <form id="curve-controls" class="card row small" aria-label="How curves are shown">
        <label>
          By
          <select name="by">
            <option value="batch">batch</option>
            <option value="epoch">epoch</option>
          </select>
        </label>
        <label>
          x axis
          <select name="x">
            <option value="step">step</option>
            <option value="epoch">epoch</option>
            <option value="time">seconds</option>
          </select>
        </label>
        <SmoothAndLog log="log loss" />
        <button type="button" id="reset-zoom" disabled>
          Whole range
        </button>
        <span class="muted">Drag over a chart to zoom all of them.</span>
      </form>
      <div class="grid2">
        {CHARTS.map(([key, title], i) => (
          <Card title={title}>
            <Chart
              title={title}
              label={`${title} while training; its numbers are behind the CSV button`}
              height={i < 2 ? undefined : "low"}
              data={{ "data-curve": key }}
            />
          </Card>
        ))}
      </div>
    </>
  );
}
