// Files by their content: their digest, and what is received checked against the digest it must have.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { replaceFile } from "../../train/atomic-file.ts";

/** 64 hex digits. */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>)
    hash.update(part);
  return hash.digest("hex");
}

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
