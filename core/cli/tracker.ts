// exp tracker: how programs in other languages log runs here.
import type { Command } from "commander";
import { expHome } from "../home.ts";
import { printJson } from "./output.ts";

export function registerTrackerCommand(program: Command): void {
  program
    .command("tracker")
    .description("Print the token with which programs log runs over HTTP")
    .option("--json", "one JSON object")
    .addHelpText(
      "after",
      '\nExamples:\n  exp dashboard &\n  curl -H "Authorization: Bearer $(exp tracker)" …\ndocs/tracking.md explains every request.\n',
    )
    .action(printToken);
}

async function printToken({ json }: { readonly json?: boolean }): Promise<void> {
  const { trackerToken } = await import("../../dashboard/tracking/token.ts");
  const token = trackerToken(expHome());
  if (json) printJson({ type: "tracker", token });
  else process.stdout.write(`${token}\n`);
}
