// Flags of every command that trains: which engine, and how often it writes checkpoints.
import type { Command } from "commander";
import { requireInstallation } from "../engine/tensorflow/installation.ts";
import type { EngineRequest } from "../run/workshop.ts";
import { oneOf, wholeNumber } from "./flags.ts";

const ENGINES = ["auto", "portable", "tensorflow"] as const;
const KERNELS = ["auto", "native", "wasm"] as const;

export interface EngineFlags {
  readonly engine?: EngineRequest["engine"];
  readonly kernels: EngineRequest["kernels"];
  readonly threads?: number;
  readonly checkpointEvery?: number;
}

export function addEngineOptions(command: Command): Command {
  return addEngineChoice(command).option(
    "--checkpoint-every <steps>",
    "checkpoint every so many steps, besides every epoch",
    wholeNumber("--checkpoint-every", 1),
  );
}

/** Which engine computes, for commands that do not train. One that is not installed is said before the database and the data are opened. */
export function addEngineChoice(command: Command): Command {
  return command
    .option("--engine <name>", ENGINES.join(", "), oneOf("--engine", ENGINES))
    .option("--kernels <kind>", `of the portable engine: ${KERNELS.join(", ")}`, oneOf("--kernels", KERNELS), "auto")
    .option("--threads <n>", "threads of the engine (default: one a core, at most 8)", wholeNumber("--threads", 1))
    .hook("preAction", (_command, action) => {
      const { engine, queue } = action.opts<EngineFlags & { queue?: boolean }>();
      if (engine === "tensorflow" && !queue) requireInstallation(); // what is queued is a worker's to compute
    });
}

/** @param stored the engine that the run was trained with, taken unless the flags name another */
export function engineOf(flags: EngineFlags, stored: string | null = null): EngineRequest {
  const known = ENGINES.find((name) => name === stored) ?? "auto";
  return { engine: flags.engine ?? known, kernels: flags.kernels, threads: flags.threads ?? null };
}
