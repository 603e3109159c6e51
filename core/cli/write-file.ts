// A text that the user asked for as a file: whole or not at all, and an error that names the flag's file.
import { writeAtomically } from "../train/atomic-file.ts";
import { LockstepError } from "../errors.ts";

/** @param command in whose name an error speaks */
export async function writeFileFor(command: string, path: string, text: string): Promise<void> {
  try {
    await writeAtomically(path, Buffer.from(text));
  } catch (cause) {
    throw new LockstepError({
      code: "storage",
      message: `${command}: ${cause instanceof Error ? cause.message : String(cause)}`,
      next: "Give a file in a folder that you may write to.",
      cause,
    });
  }
}
