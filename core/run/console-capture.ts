// What user code prints while a run is on: kept with the run as log events and still shown. `console` is one for the whole process,
// so one capture at a time.
import { format } from "node:util";

export type ConsoleLevel = "info" | "warning" | "error";

const LEVELS = { log: "info", info: "info", debug: "info", warn: "warning", error: "error" } as const;

/** Sends every console line to `onLine` in place of the terminal. @returns gives `console` back */
export function captureConsole(onLine: (level: ConsoleLevel, text: string) => void): () => void {
  const names = Object.keys(LEVELS) as (keyof typeof LEVELS)[];
  const originals = names.map((name) => [name, console[name].bind(console)] as const);
  for (const name of names) console[name] = (...values: unknown[]) => onLine(LEVELS[name], format(...values));
  const onWarning = (warning: Error): void => onLine("warning", `${warning.name}: ${warning.message}`);
  process.on("warning", onWarning);
  return () => {
    for (const [name, original] of originals) console[name] = original;
    process.off("warning", onWarning);
  };
}
