// exp doctor: whether this machine has all that a run needs, and what to do where it has not.
import type { Command } from "commander";
import pc from "picocolors";
import { expHome } from "../home.ts";
import { examine, type Finding } from "../run/doctor.ts";
import { printJson } from "./output.ts";

const EXAMPLES = `
Exit code 1 where something would keep a run from working; warnings alone leave it 0.

Examples:
  exp doctor
  DATABASE_URL=postgres://lab@server/lockstep exp doctor --json`;

export function registerDoctorCommand(program: Command): void {
  program
    .command("doctor")
    .description("Check machine, home, engines, database, clock and spool, and say what to fix")
    .option("--json", "one JSON object a finding")
    .addHelpText("after", EXAMPLES)
    .action(doctor);
}

async function doctor({ json }: { readonly json?: boolean }): Promise<void> {
  const findings = await examine(expHome());
  for (const finding of findings) {
    if (json) printJson({ type: "finding", ...finding });
    else print(finding);
  }
  if (findings.some(({ state }) => state === "problem")) process.exitCode = 1;
}

const COLOURS = { ok: pc.green, warning: pc.yellow, problem: pc.red };

function print({ what, state, text, next }: Finding): void {
  process.stdout.write(`${COLOURS[state](state.padEnd(8))} ${what}: ${text}\n`);
  if (next !== null) process.stdout.write(`${" ".repeat(9)}${pc.dim("next")}: ${next}\n`);
}
