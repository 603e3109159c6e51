// Files as they arrive, checked against the digest that they must have.
import { createHash } from "node:crypto";
import { LockstepError } from "../../errors.ts";
import { replaceFile } from "../../train/atomic-file.ts";
import type { OnBytes } from "./object-store.ts";

/**
 * Replaces the file only where the content has the digest. @returns the digest that was received
 * @throws LockstepError "storage" where this machine's disk does not take it; nothing of it stays
 */
export async function receiveInto(
  path: string,
  content: AsyncIterable<Uint8Array>,
  { sha256, onBytes }: { readonly sha256: string; readonly onBytes?: OnBytes },
): Promise<string> {
  const hash = createHash("sha256");
  let received = "";
  let bytes = 0;
  try {
    await replaceFile(path, async (file) => {
      for await (const part of content) {
        hash.update(part);
        await file.writeFile(part);
        onBytes?.((bytes += part.length));
      }
      received = hash.digest("hex");
      if (received !== sha256) throw new Mismatch();
    });
  } catch (error) {
    if (!(error instanceof Mismatch)) throw ownDisk(path, error);
  }
  return received;
}

/** This machine's disk is not the store's. */
function ownDisk(path: string, cause: unknown): unknown {
  const { code = "" } = cause as NodeJS.ErrnoException;
  const what = FULL.has(code)
    ? "the disk of this machine is full"
    : `this machine does not let it be written (${code})`;
  if (!FULL.has(code) && !CLOSED.has(code)) return cause;
  return new LockstepError({
    code: "storage",
    message: `${path} cannot be had from the artifact store: ${what}.`,
    next: "Make room in EXP_HOME (exp gc helps) or move it, then give the command again.",
    cause,
  });
}

/** The last is a limit on a file's size. */
const FULL = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
const CLOSED = new Set(["EACCES", "EPERM", "EROFS"]);

class Mismatch extends Error {}
