// exp bundle: one file from which `exp reproduce` works on another machine that has the images.
import { resolve } from "node:path";
import type { Command } from "commander";
import { expHome } from "../home.ts";
import { megabytes } from "../megabytes.ts";
import { writeBundle } from "../run/bundle.ts";
import { initialFile } from "../run/stored-weights.ts";
import { readRecorded } from "../run/recorded.ts";
import { bestCheckpoint } from "../run/shared-run.ts";
import { findRun } from "../store/index.ts";
import { oneOf } from "./flags.ts";
import { printJson } from "./output.ts";
import { withStore } from "./with-store.ts";

const WEIGHTS = ["none", "initial", "all"] as const;

interface BundleFlags {
  readonly output: string;
  readonly weights: (typeof WEIGHTS)[number];
  readonly json?: boolean;
}

export function registerBundleCommand(program: Command): void {
  program
    .command("bundle")
    .argument("<run>", "id, the beginning of one, or experiment/variant/seed")
    .description(
      "Write config, code, split, sample hashes, chain, metrics and weights of a run into one file, without the images",
    )
    .requiredOption("-o, --output <file>", "such as run.zip")
    .option(
      "--weights <which>",
      `${WEIGHTS.join(", ")}: what it started from, and its best epoch`,
      oneOf("--weights", WEIGHTS),
      "initial",
    )
    .option("--json", "one JSON object")
    .action(bundleCommand);
}

async function bundleCommand(name: string, { output, weights, json }: BundleFlags): Promise<void> {
  return withStore(async (store) => {
    const recorded = await readRecorded(store, await findRun(store, name));
    const { runId } = recorded.run;
    const home = expHome();
    const bytes = await writeBundle(resolve(output), recorded, {
      initial: weights === "none" ? null : await initialFile(recorded, { store, home }),
      best: weights === "all" ? await bestCheckpoint(store, runId, home) : null,
    });
    if (json) printJson({ type: "bundle", run: runId, path: resolve(output), bytes });
    else
      process.stdout.write(
        `${output}: run ${runId}, ${megabytes(bytes)}. Elsewhere: exp reproduce ${output} --data IMAGES\n`,
      );
  });
}
