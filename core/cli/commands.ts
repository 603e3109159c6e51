// Every command, in the order of `exp --help`.
import type { Command } from "commander";

export const commands: readonly ((program: Command) => void)[] = [];
