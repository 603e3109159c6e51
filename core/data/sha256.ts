// The digest that names images, data sets and files.
import { createHash } from "node:crypto";

/** 64 hex digits. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
