// A verdict on the terminal or as JSON; it fails the command unless everything that decides is the same.
import pc from "picocolors";
import type { Verdict, VerdictLine } from "../run/verdict.ts";
import { printJson } from "./output.ts";

const COLOURS: Readonly<Record<Verdict, (text: string) => string>> = {
  same: pc.green,
  differs: pc.red,
  "not checked": pc.dim,
};

export interface PrintedVerdict {
  readonly run: string;
  readonly lines: readonly VerdictLine[];
  readonly verdict: Verdict;
  readonly json: boolean;
}

/** Sets exit code 1 where the verdict is not "same". */
export function printVerdict({ run, lines, verdict, json }: PrintedVerdict): void {
  if (verdict !== "same") process.exitCode = 1;
  if (json) {
    printJson({ type: "verdict", run, verdict, lines });
    return;
  }
  const width = Math.max(...lines.map(({ what }) => what.length));
  for (const { what, verdict: one, detail } of lines) {
    const text = detail === null ? "" : `  ${detail}`;
    process.stdout.write(`${what.padEnd(width)}  ${COLOURS[one](one.padEnd(11))}${text}\n`);
  }
  process.stdout.write(`\nrun ${run}: ${COLOURS[verdict](pc.bold(verdict))}\n`);
}
