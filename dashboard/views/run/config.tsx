/** @jsxImportSource hono/jsx */
// Where the run's bits come from: its settings, code with the uncommitted diff, machine, lineage, digests and verdicts.
import { flatten } from "../../../core/flatten.ts";
import { count, datasetTitle, dateTime, setting, short } from "../../format.ts";
import type { ChangeRow, Relative, VerdictRow } from "../../queries/attachments.ts";
import type { RunDetail } from "../../queries/runs.ts";
import { settingsOf } from "../../settings.ts";
import { mayChange } from "../../viewer.ts";
import { Card, Scroll } from "../parts.tsx";
import { RunFrame } from "./frame.tsx";

interface Props {
  readonly run: RunDetail;
  readonly lineage: readonly Relative[];
  readonly verdicts: readonly VerdictRow[];
  readonly changes: readonly ChangeRow[];
}

export function ConfigPage({ run, lineage, verdicts, changes }: Props) {
  return (
    <RunFrame run={run} tab="config">
      <div class="columns2">
        <FactsCard title="Settings" rows={settingsOf(run)} />
        <FactsCard title="Provenance" rows={provenanceRows(run)} />
        <DigestCard run={run} verdicts={verdicts} />
        <LineageCard run={run} lineage={lineage} />
        <NoteCard run={run} changes={changes} />
      </div>
      <DiffCard diff={run.gitDiff} />
      {run.experimentText !== null && (
        <Card title="The experiment file">
          <pre tabindex={0}>{run.experimentText}</pre>
        </Card>
      )}
      {run.provenance !== null && (
        <Card title="Everything else that was recorded">
          <details>
            <summary>{count(flatten(run.provenance).length, "value")}</summary>
            <FactsTable label="Recorded values" rows={flatten(run.provenance)} />
          </details>
        </Card>
      )}
    </RunFrame>
  );
}

function FactsCard({ title, rows }: { title: string; rows: readonly (readonly [string, unknown])[] }) {
  return (
    <Card title={title}>
      <FactsTable label={title} rows={rows} />
    </Card>
  );
}

function FactsTable({ label, rows }: { label: string; rows: readonly (readonly [string, unknown])[] }) {
  if (rows.length === 0) return <p class="muted">Nothing was recorded.</p>;
  return (
    <Scroll label={label}>
      <table>
        <tbody>
          {rows.map(([name, value]) => (
            <tr>
              <th scope="row">{name}</th>
              <td class="wrap mono">{setting(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function provenanceRows(run: RunDetail): [string, unknown][] {
  const changed = run.gitDiff === null ? "" : run.gitDiff === "" ? "" : " with uncommitted changes";
  return [
    ["command", run.commandLine],
    ["git commit", run.gitCommit === null ? null : `${run.gitCommit}${changed}`],
    ["branch", run.gitBranch],
    ["code digest", run.codeDigest],
    ["lockfile", run.lockfileDigest],
    ["lockstep", run.packageVersion],
    ["Node", run.nodeVersion],
    ["engine", [run.engine, run.engineVersion, run.kernels, run.device].filter((part) => part !== null).join(" ")],
    ["system", run.os],
    ["CPU", run.cpu],
    ["host", run.host],
    ["by", run.userName],
    ["started", dateTime(run.startedAt)],
    ["ended", dateTime(run.endedAt)],
    ["parameters", `${run.parametersTrainable ?? "–"} of ${run.parametersTotal ?? "–"} train`],
  ];
}

function DigestCard({ run, verdicts }: { run: RunDetail; verdicts: readonly VerdictRow[] }) {
  return (
    <Card title="Digest and what was verified">
      <FactsTable
        label="Digests"
        rows={[
          ["run digest", run.digest],
          ["settings", run.settingsHash],
          ["data set", run.datasetDigest],
          ["split", run.splitDigest],
        ]}
      />
      {verdicts.length === 0 ? (
        <p class="small muted">
          Not verified yet: <code>exp reproduce {short(run.runId)}</code> runs it again and compares every batch.
        </p>
      ) : (
        <ul>
          {verdicts.map(({ at, kind, verdict }) => (
            <li>
              {dateTime(at)} {kind}: <b class={verdict === "same" ? "good" : "bad"}>{verdict}</b>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function LineageCard({ run, lineage }: { run: RunDetail; lineage: readonly Relative[] }) {
  return (
    <Card title="Lineage">
      <p>
        Weights began from <code>{run.init ?? "unknown"}</code>.
      </p>
      {lineage.length > 1 && (
        <ul>
          {lineage.map((one) => (
            <li>
              {one.distance < 0 ? "came from " : one.distance > 0 ? "gave rise to " : "this run: "}
              {one.distance === 0 ? <b>{nameOf(one)}</b> : <a href={`/runs/${one.runId}/config`}>{nameOf(one)}</a>}
            </li>
          ))}
        </ul>
      )}
      {run.datasetDigest !== null && (
        <p>
          Data:{" "}
          <a href={`/datasets/${run.datasetDigest}?split=${run.splitDigest ?? ""}`}>{datasetTitle(run.datasetName)}</a>
        </p>
      )}
    </Card>
  );
}

function nameOf({ experiment, variant, seed }: Relative): string {
  return `${experiment} / ${variant} / ${seed}`;
}

function NoteCard({ run, changes }: { run: RunDetail; changes: readonly ChangeRow[] }) {
  return (
    <Card title="Note">
      {mayChange() ? <NoteForm run={run} /> : <p>{run.note ?? "None."}</p>}
      {changes.length > 0 && (
        <ul class="small">
          {changes.map(({ at, userName, what }) => (
            <li>
              {dateTime(at)} <b>{userName}</b> {what}
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function NoteForm({ run }: { run: RunDetail }) {
  return (
    <form method="post" action={`/runs/${run.runId}/note`}>
      <label class="visually-hidden" for="note">
        Note
      </label>
      <textarea id="note" name="note" rows={3} cols={40}>
        {run.note ?? ""}
      </textarea>
      <p>
        <button>Keep</button>
      </p>
    </form>
  );
}

function DiffCard({ diff }: { diff: string | null }) {
  if (diff === null || diff === "") return null;
  return (
    <Card title="Uncommitted changes">
      <pre tabindex={0}>
        {diff.split("\n").map((line) => (
          <span
            class={line.startsWith("+") ? "diff-add" : line.startsWith("-") ? "diff-del" : undefined}
          >{`${line}\n`}</span>
        ))}
      </pre>
    </Card>
  );
}
