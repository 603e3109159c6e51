// A line for people on standard error, which leaves standard output to the answer.
import pc from "picocolors";

export function printNotice(text: string): void {
  process.stderr.write(`${pc.yellow("note")}: ${text}\n`);
}
