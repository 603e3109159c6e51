/** @jsxImportSource hono/jsx */
// What waits for workers, in the order in which it is taken: who trains it, on which machine, or why it waits.
import type { QueueChange, QueuedRun } from "../../core/store/queue.ts";
import { count, dateTime, short } from "../format.ts";
import { mayChange } from "../viewer.ts";
import { Page } from "./layout.tsx";
import { Card, Empty, Scroll } from "./parts.tsx";

export function QueuePage({ queue }: { queue: readonly QueuedRun[] }) {
  const running = queue.filter(({ standing }) => standing === "running").length;
  return (
    <Page title="Queue" section="/queue" scripts={["live-page.js"]}>
      <div class="head">
        <div>
          <h1>Queue</h1>
          <p class="muted">
            Runs that <code>exp run FILE --queue</code> left to workers. <code>exp worker</code> on any machine with the
            same code trains them.
          </p>
        </div>
      </div>
      <div id="queue" data-live>
        {queue.length === 0 ? (
          <Empty title="Nothing waits">
            <p>
              <code>exp run FILE --queue</code> puts runs here.
            </p>
          </Empty>
        ) : (
          <Card title={`${count(queue.length, "run")}, ${running} of them in training`}>
            <QueueTable queue={queue} />
          </Card>
        )}
      </div>
    </Page>
  );
}

function QueueTable({ queue }: { queue: readonly QueuedRun[] }) {
  return (
    <Scroll label="Queue">
      <table>
        <thead>
          <tr>
            {["run", "standing", "priority", "given back", "since (UTC)", "by or for", "change"].map((name) => (
              <th scope="col">{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {queue.map((one) => (
            <tr>
              <th scope="row">
                <a href={`/runs/${one.runId}`}>{one.name}</a> <span class="mono muted">{short(one.runId)}</span>
              </th>
              <td>
                <span class={`badge ${LOOK[one.standing] ?? ""}`}>{one.stopping ? "stopping" : one.standing}</span>
              </td>
              <td class="num">{one.priority}</td>
              <td class="num">{one.retries}</td>
              <td>{dateTime(one.queuedAt)}</td>
              <td class="wrap">{why(one)}</td>
              <td>
                <span class="row">
                  {changesOf(one).map((change) => (
                    <ChangeButton run={one} change={change} />
                  ))}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

const LOOK: Readonly<Record<string, string>> = {
  running: "running",
  paused: "paused",
  "taken out": "interrupted",
  "given back": "warn",
  failed: "failed",
};

/** "lab-2, process 4711", or what it waits for. */
function why({ standing, owner, queue, reason }: QueuedRun): string {
  if (owner !== null) {
    const [place = "", pid = ""] = owner.split(" ");
    return `${place.split(":")[0]}, process ${pid}`;
  }
  if (reason !== null) return reason;
  if (standing === "paused" || standing === "taken out") return "until it is resumed";
  const [, code = "", engine = ""] = /^lockstep-([0-9a-f]+)-(.*)$/.exec(queue) ?? [];
  return `a free worker with code ${code.slice(0, 8)} and the ${engine} engine`;
}

function changesOf({ standing, stopping }: QueuedRun): readonly QueueChange[] {
  if (!mayChange()) return [];
  if (standing === "paused" || standing === "taken out") return ["resume"];
  return stopping || standing === "failed" ? [] : ["pause", "cancel"];
}

const TITLES: Readonly<Record<QueueChange, string>> = { pause: "Pause", resume: "Resume", cancel: "Cancel" };

function ChangeButton({ run: { runId, name, standing }, change }: { run: QueuedRun; change: QueueChange }) {
  const ask = standing === "running" ? `Stop ${name}? What it has recorded is kept.` : undefined;
  return (
    <form method="post" action={`/queue/${runId}/${change}`} data-ask={ask}>
      <button aria-label={`${TITLES[change]} ${name}`}>{TITLES[change]}</button>
    </form>
  );
}
