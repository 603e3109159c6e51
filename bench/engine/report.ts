// What bench:engine found: as a table with the targets beside, as Markdown for docs/performance.md, as JSON.
import { printTable } from "../../core/cli/output.ts";
import { MOST_BUSY, type BusyCore } from "./busy-core.ts";
import { CONTENDERS, isPyTorch, type Cell, type Contender, type Target } from "./cells.ts";
import type { InstructionSet } from "./worker-process.ts";

export interface Measured {
  readonly cell: Cell;
  /** Images a second, by the median step. */
  readonly rates: Readonly<Partial<Record<Contender, number>>>;
  readonly memoryBytes: number | null;
}

export interface Findings {
  readonly machine: string;
  readonly isa: InstructionSet;
  readonly date: string;
  readonly versions: Readonly<Partial<Record<Contender, string>>>;
  readonly measured: readonly Measured[];
  readonly busy: readonly BusyCore[];
}

const HEAD = ["training", "px", "PyTorch eager", "torch.compile", "our wasm", "our native", "wanted"] as const;

export function printFindings(findings: Findings): void {
  const { measured, busy } = findings;
  process.stdout.write(`\n${headline(findings)}\n`);
  printTable(HEAD, measured.map(row));
  for (const one of busy) process.stdout.write(`${busyLine(one)}\n`);
  const full = measured.find(({ cell, memoryBytes }) => cell.task === "full" && cell.sizePx === 224 && memoryBytes);
  if (full)
    process.stdout.write(
      `Memory for full training at 224 px: ${gigabytes(full.memoryBytes ?? 0)} (at most 1.3 GB wanted).\n`,
    );
}

export function markdownOf(findings: Findings): string {
  const { measured, busy } = findings;
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    headline(findings),
    "",
    line(HEAD),
    line(HEAD.map((_, i) => (i < 1 ? "---" : "---:"))),
    ...measured.map((one) => line(row(one))),
    "",
    ...busy.map((one) => `${busyLine(one)}  `),
    "",
  ].join("\n");
}

function headline({ machine, isa, date, versions }: Findings): string {
  const held = isa === "avx2" ? " All held to AVX2 (ours and PyTorch), whatever the CPU has beyond it." : "";
  const pytorch = versions.eager ?? versions.compile ?? "-";
  return `${machine}, ${date}; PyTorch ${pytorch}.${held} Images a second by the median step, batch 32; in brackets: times PyTorch eager.`;
}

export function jsonOf({ measured, ...rest }: Findings): object {
  const rows = measured.map(({ cell: { task, sizePx, targets }, rates, memoryBytes }) => ({
    task,
    sizePx,
    imagesPerSecond: rates,
    memoryBytes,
    targets: targets.map((target) => ({ ...target, ratio: ratioOf(rates, target) })),
  }));
  return { ...rest, rows };
}

function row({ cell, rates }: Measured): string[] {
  const speeds = CONTENDERS.map((contender) => {
    const rate = rates[contender];
    if (rate === undefined) return "-";
    const over = isPyTorch(contender) || rates.eager === undefined ? "" : ` (${(rate / rates.eager).toFixed(2)})`;
    return `${rate.toFixed(rate < 100 ? 1 : 0)}${over}`;
  });
  return [cell.task, String(cell.sizePx), ...speeds, cell.targets.map((target) => verdict(rates, target)).join(", ")];
}

function verdict(rates: Measured["rates"], target: Target): string {
  const ratio = ratioOf(rates, target);
  const wanted = `${target.ours} ${target.least} x ${target.peer}`;
  if (ratio === null) return wanted;
  return ratio >= target.least ? `${wanted}: holds` : `${wanted}: NO, ${ratio.toFixed(2)}`;
}

function ratioOf(rates: Measured["rates"], { ours, peer }: Target): number | null {
  const [a, b] = [rates[ours], rates[peer]];
  return a === undefined || b === undefined ? null : a / b;
}

function busyLine({ contender, quietMs, busyMs }: BusyCore): string {
  const [quiet, busy] = [quietMs.toFixed(0), busyMs.toFixed(0)];
  const times = (busyMs / quietMs).toFixed(2);
  return `One core kept busy by another process, full training at 96 px, ${contender}: ${quiet} ms a step becomes ${busy} ms (${times} x, at most ${MOST_BUSY} x wanted).`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
