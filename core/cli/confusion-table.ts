// A confusion matrix on the terminal: rows are what the samples are, columns what the network says.
import pc from "picocolors";
import { printTable } from "./output.ts";

/** @param title what it is of @param counts counts[true class][predicted class] */
export function printConfusion(
  title: string,
  classes: readonly string[],
  counts: readonly (readonly (number | string)[])[],
): void {
  process.stdout.write(`\n${pc.bold(title)} (rows: true class)\n`);
  const name = (index: number) => classes[index] ?? String(index);
  printTable(
    ["", ...counts.map((_, index) => name(index))],
    counts.map((row, index) => [name(index), ...row]),
  );
}
