// Files as they arrive, checked against the digest that they must have.
import { createHash } from "node:crypto";
import { replaceFile } from "../../train/atomic-file.ts";

/** Replaces the file only where the content has the digest. @returns the digest that was received */
export async function receiveInto(path: string, content: AsyncIterable<Uint8Array>, sha256: string): Promise<string> {
  const hash = createHash("sha256");
  let received = "";
  try {
    await replaceFile(path, async (file) => {
      for await (const part of content) {
        hash.update(part);
        await file.writeFile(part);
      }
      received = hash.digest("hex");
      if (received !== sha256) throw new Mismatch();
    });
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
  }
  return received;
}

class Mismatch extends Error {}
