// Every command, in the order of `exp --help`.
import type { Command } from "commander";
import { registerRunCommand } from "./run.ts";

export const commands: readonly ((program: Command) => void)[] = [registerRunCommand];
