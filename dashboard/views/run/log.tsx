/** @jsxImportSource hono/jsx */
// The run's console output and events, line by line.
import type { LogLine } from "../../queries/attachments.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { Card, Empty } from "../parts.tsx";
import { RunFrame } from "./frame.tsx";

export function LogPage({ run, lines }: { run: RunDetail; lines: readonly LogLine[] }) {
  return (
    <RunFrame run={run} tab="log">
      {lines.length === 0 ? (
        <Empty title="Nothing was logged">
          <p>What the run prints, and its warnings, stand here.</p>
        </Empty>
      ) : (
        <Card title={`Log, ${lines.length} lines`}>
          <ol class="log mono">
            {lines.map(({ at, level, text }) => (
              <li class={level}>
                <time class="muted" datetime={at.toISOString()}>
                  {at.toISOString().slice(0, 19).replace("T", " ")}
                </time>
                <span>
                  {level !== "info" && <b>{level}: </b>}
                  {text}
                </span>
              </li>
            ))}
          </ol>
        </Card>
      )}
    </RunFrame>
  );
}
