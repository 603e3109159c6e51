// How commands print: JSON lines on standard output with --json, people's text otherwise; errors as one line and a next step.
import pc from "picocolors";
import Table from "cli-table3";
import type { LockstepError } from "../errors.ts";

/** One JSON object on a line of its own. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** A table without vertical rules; cells are text or numbers. */
export function printTable(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const table = new Table({
    head: head.map((title) => pc.bold(title)),
    style: { head: [], border: [], compact: true },
    chars: {
      top: "",
      "top-mid": "",
      "top-left": "",
      "top-right": "",
      bottom: "",
      "bottom-mid": "",
      "bottom-left": "",
      "bottom-right": "",
      left: "",
      "left-mid": "",
      mid: "",
      "mid-mid": "",
      right: "",
      "right-mid": "",
      middle: "  ",
    },
  });
  table.push(...rows.map((row) => row.map(String)));
  process.stdout.write(`${table.toString()}\n`);
}

/** Standard error gets the line, or with --json standard output one object. */
export function printError(error: LockstepError, { json, debug }: { json: boolean; debug: boolean }): void {
  const { code, message, next } = error;
  if (json) printJson({ type: "error", code, message, next });
  else process.stderr.write(`${pc.red("error")}: ${message}\n${next === null ? "" : `${pc.dim("next")}:  ${next}\n`}`);
  if (debug)
    process.stderr.write(
      `${String(error.stack)}\n${error.cause instanceof Error ? `caused by ${String(error.cause.stack)}\n` : ""}`,
    );
}
