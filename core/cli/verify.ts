// exp verify: finds any edited row or file of a run, without training.
import type { Command } from "commander";
import { expHome } from "../home.ts";
import { overall } from "../run/verdict.ts";
import { verifyRun } from "../run/verify.ts";
import { findRun, saveVerdict } from "../store/index.ts";
import { printVerdict } from "./verdict-table.ts";
import { withStore } from "./with-store.ts";

export function registerVerifyCommand(program: Command): void {
  program
    .command("verify")
    .argument("<run>", "id, the beginning of one, or experiment/variant/seed")
    .description(
      "Check everything that is stored of a run against everything else; exit code 1 where something was changed",
    )
    .option("--json", "one JSON object")
    .action(verifyCommand);
}

async function verifyCommand(name: string, { json = false }: { json?: boolean }): Promise<void> {
  return withStore(async (store) => {
    const run = await findRun(store, name);
    const lines = await verifyRun(store, run, expHome());
    const verdict = overall(lines);
    await saveVerdict(store, run.runId, { kind: "verify", verdict, details: lines });
    printVerdict({ run: run.runId, lines, verdict, json });
  });
}
