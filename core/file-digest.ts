// The digest of a file's content, read in parts: files may be larger than memory.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** @returns lower-case hex digits: 64 of sha256, 32 of md5 */
export async function fileDigest(path: string, algorithm: "sha256" | "md5" = "sha256"): Promise<string> {
  const hash = createHash(algorithm);
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>)
    hash.update(part);
  return hash.digest("hex");
}
