/** @jsxImportSource hono/jsx */
// Confusion matrices as tables: rows are true classes, columns what was predicted. A cell may be a link to its images.
import { difference, shade, shares, type ConfusionMode, type Counts } from "../confusion.ts";
import { percent, signed } from "../format.ts";

export interface CellRef {
  readonly trueClass: number;
  readonly predictedClass: number;
}

interface ConfusionProps {
  readonly classes: readonly string[];
  readonly counts: Counts;
  readonly mode?: ConfusionMode;
  readonly id?: string;
  readonly caption: string;
  readonly hrefOf?: (cell: CellRef) => string;
  readonly open?: CellRef | null;
}

export function Confusion({ classes, counts, mode = "count", id, caption, hrefOf, open = null }: ConfusionProps) {
  const shown = shares(counts, mode === "column" ? "column" : "row");
  return (
    <table class="confusion" id={id}>
      <caption>{caption}</caption>
      <ConfusionHead classes={classes} />
      <tbody>
        {classes.map((name, i) => (
          <tr>
            <th scope="row">{name}</th>
            {classes.map((_, j) => {
              const cell = { trueClass: i, predictedClass: j };
              const n = counts[i]?.[j] ?? 0;
              const share = shown[i]?.[j] ?? null;
              const text = mode === "count" ? String(n) : percent(share);
              return (
                <td class={`h${shade(share)}${isSame(open, cell) ? " open" : ""}`} data-true={i} data-predicted={j}>
                  <CellBody text={text} href={hrefOf?.(cell)} label={`${name} predicted as ${classes[j]}: ${n}`} />
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface DifferenceProps extends Omit<ConfusionProps, "counts" | "mode"> {
  readonly a: Counts;
  readonly b: Counts;
}

/** B − A: green where B is better (more on the diagonal, fewer off it), red where it is worse. */
export function ConfusionDifference({ classes, a, b, id, caption, hrefOf, open = null }: DifferenceProps) {
  const changes = difference(a, b);
  const largest = Math.max(1, ...changes.flat().map(Math.abs));
  return (
    <table class="confusion" id={id}>
      <caption>{caption}</caption>
      <ConfusionHead classes={classes} />
      <tbody>
        {classes.map((name, i) => (
          <tr>
            <th scope="row">{name}</th>
            {classes.map((_, j) => {
              const cell = { trueClass: i, predictedClass: j };
              const change = changes[i]?.[j] ?? 0;
              const label = `${name} predicted as ${classes[j]}: ${change > 0 ? "+" : ""}${change}`;
              return (
                <td class={`${tint(change, i === j, largest)}${isSame(open, cell) ? " open" : ""}`}>
                  <CellBody text={change === 0 ? "0" : signed(change, 0)} href={hrefOf?.(cell)} label={label} />
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ConfusionHead({ classes }: { classes: readonly string[] }) {
  return (
    <thead>
      <tr>
        <th scope="col" class="muted">
          true ↓ predicted →
        </th>
        {classes.map((name) => (
          <th scope="col">{name}</th>
        ))}
      </tr>
    </thead>
  );
}

function CellBody({ text, href, label }: { text: string; href: string | undefined; label: string }) {
  if (href === undefined) return <span>{text}</span>;
  return (
    <a href={href} aria-label={`${label}; show these images`}>
      {text}
    </a>
  );
}

function tint(change: number, onDiagonal: boolean, largest: number): string {
  if (change === 0) return "h0";
  const strength = Math.max(1, Math.ceil((Math.abs(change) / largest) * 3));
  return `${change > 0 === onDiagonal ? "gain" : "loss"}${strength}`;
}

function isSame(a: CellRef | null, b: CellRef): boolean {
  return a !== null && a.trueClass === b.trueClass && a.predictedClass === b.predictedClass;
}
