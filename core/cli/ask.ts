// A yes-or-no question to whoever sits at the terminal.
import { createInterface } from "node:readline/promises";

/** Whether there is someone to ask: both ends are a terminal. Of a pipe isTTY is undefined, whatever its type says. */
export function canAsk(output: NodeJS.WriteStream): boolean {
  return Boolean(process.stdin.isTTY) && Boolean(output.isTTY);
}

/** No is the default. Ctrl-C means the whole command. @throws where the signal fires */
export async function askYesNo(question: string, output: NodeJS.WriteStream, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output });
  terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    terminal.close();
  }
}
