// The token that programs show to log runs over HTTP: one for each home, in a file that its user alone can read.
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Made when it is asked for first; two processes at once get the same one. @param home EXP_HOME */
export function trackerToken(home: string): string {
  const path = join(home, "tracker-token");
  mkdirSync(home, { recursive: true });
  try {
    writeFileSync(path, randomBytes(24).toString("hex"), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return readFileSync(path, "utf8").trim();
}
