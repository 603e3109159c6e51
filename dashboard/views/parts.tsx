/** @jsxImportSource hono/jsx */
// Small pieces that several pages use: badges, empty states, tabs, segmented links, sparklines, interval bars.
import { useContext, type Child } from "hono/jsx";
import { kindText, type RunKind } from "../../core/store/kind-text.ts";
import { seedText, type SeedAndFold } from "../../core/store/seed-text.ts";
import { InFile } from "./in-file.ts";

export function StatusBadge({ status }: { status: string }) {
  return <span class={`badge ${status}`}>{status}</span>;
}

interface ForeignProps {
  readonly runs: readonly RunKind[];
  /** In tables. */
  readonly small?: boolean;
}

/** Says of runs that Lockstep did not train that nobody can train them again; each kind once. */
export function ForeignBadges({ runs, small = false }: ForeignProps) {
  const marks = [...new Set(runs.map(kindText))].filter((mark) => mark !== null);
  return (
    <>
      {marks.map((mark) => (
        <span
          class={`badge warn${small ? " compact" : ""}`}
          title="Not trained by Lockstep: what made its numbers is not known here, so nothing can be checked or run again."
        >
          {mark}
        </span>
      ))}
    </>
  );
}

interface HonestyProps {
  readonly simulated: boolean;
  readonly randomWeights: boolean;
  /** In tables. */
  readonly small?: boolean;
}

/** Says so wherever a run is shown whose data are simulated or whose weights began random. */
export function HonestyBadges({ simulated, randomWeights, small = false }: HonestyProps) {
  const look = `badge warn${small ? " compact" : ""}`;
  return (
    <>
      {simulated && (
        <span class={look} title="The images are drawn by a program, not taken from patients.">
          simulated data
        </span>
      )}
      {randomWeights && (
        <span class={look} title="Training began from random weights: no pretraining.">
          random weights
        </span>
      )}
    </>
  );
}

export function Empty({ title, children }: { title: string; children?: Child }) {
  return (
    <section class="card empty">
      <h2>{title}</h2>
      {children}
    </section>
  );
}

interface CardProps {
  readonly title: string;
  readonly id?: string;
  readonly aside?: Child;
  readonly children?: Child;
}

/** What is aside, buttons and links, stays out of files. */
export function Card({ title, id, aside, children }: CardProps) {
  const inFile = useContext(InFile);
  return (
    <section class="card" id={id} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside !== undefined && !inFile && <span class="end row">{aside}</span>}
      </header>
      {children}
    </section>
  );
}

interface ChartProps {
  readonly id?: string;
  /** What its files are named by. */
  readonly title?: string;
  /** For those who do not see it. */
  readonly label: string;
  readonly height?: "low" | "tall" | undefined;
  /** What a script finds it by. */
  readonly data?: Readonly<Record<`data-${string}`, string>>;
}

/** Room for a chart that a script draws. */
export function Chart({ id, title, label, height, data = {} }: ChartProps) {
  const look = height === undefined ? "chart" : `chart ${height}`;
  return <div class={look} id={id} data-title={title} role="img" aria-label={label} {...data}></div>;
}

/** Of every form that says how curves are shown; its words are those of the form. */
export function SmoothAndLog({ smoothing = "Smoothing", log }: { smoothing?: string; log: string }) {
  return (
    <>
      <label>
        {smoothing}
        <input type="range" name="smooth" min="0" max="0.98" step="0.02" />
      </label>
      <label>
        <input type="checkbox" name="log" value="1" /> {log}
      </label>
    </>
  );
}

/** "frozen / 0", which leads to the run; in a file it is text. */
export function RunLink({ run }: { run: SeedAndFold & { readonly runId: string; readonly variant: string } }) {
  const name = (
    <>
      {run.variant} <span class="muted">/ {seedText(run)}</span>
    </>
  );
  return useContext(InFile) ? name : <a href={`/runs/${run.runId}`}>{name}</a>;
}

/** Above a column that names the rows and columns of numbers. */
export function HeadRow({ names }: { names: readonly string[] }) {
  return (
    <tr>
      {names.map((name, i) => (
        <th scope="col" class={i === 0 ? undefined : "num"}>
          {name}
        </th>
      ))}
    </tr>
  );
}

/** A box that scrolls sideways by itself; focusable, so that the keyboard reaches it. */
export function Scroll({ label, children }: { label: string; children?: Child }) {
  return (
    <div class="scroll" tabindex={0} role="group" aria-label={label}>
      {children}
    </div>
  );
}

export interface LinkChoice {
  readonly name: string;
  readonly href: string;
  readonly current: boolean;
}

export function Tabs({ label, choices }: { label: string; choices: readonly LinkChoice[] }) {
  return (
    <nav class="tabs" aria-label={label}>
      {choices.map(({ name, href, current }) => (
        <a href={href} aria-current={current ? "page" : undefined}>
          {name}
        </a>
      ))}
    </nav>
  );
}

export function Segments({ label, choices }: { label: string; choices: readonly LinkChoice[] }) {
  return (
    <span class="segments" role="group" aria-label={label}>
      {choices.map(({ name, href, current }) => (
        <a href={href} aria-current={current ? "true" : undefined}>
          {name}
        </a>
      ))}
    </span>
  );
}

/** A curve in miniature; its ends are told to screen readers. @param values in order; nulls are left out */
export function Sparkline({
  values,
  label,
  series = 0,
}: {
  values: readonly number[];
  label: string;
  series?: number;
}) {
  if (values.length < 2) return <span class="muted">–</span>;
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const points = values.map((value, i) => {
    const x = 2 + (i / (values.length - 1)) * 86;
    return `${x.toFixed(1)},${(20 - ((value - low) / span) * 16).toFixed(1)}`;
  });
  return (
    <svg class="spark" width="90" height="22" viewBox="0 0 90 22" role="img" aria-label={label}>
      <polyline class={`line s${series % 10}`} stroke-width="1.6" points={points.join(" ")} />
    </svg>
  );
}

/** The small square that names a series' colour. */
export function Swatch({ series }: { series: number }) {
  return (
    <svg class="swatch" width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      <rect class={`s${series % 10}`} width="10" height="10" rx="2" />
    </svg>
  );
}
