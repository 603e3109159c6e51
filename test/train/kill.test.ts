import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { latestCheckpoint } from "../../core/train/checkpoint-folder.ts";
import { openData, SMALL, trainOnce, withFolder } from "./phantom-training.ts";

const SCRIPT = fileURLToPath(new URL("./train-in-process.ts", import.meta.url));
/** Too small for a checkpoint with moments (1.5 MB), enough for all else. */
const FULL_DISK = "ulimit -f 2000"; // of 512 or 1024 bytes

test("processes that are killed or meet a full disk, and resume, end with the digest of an undisturbed one", async () => {
  const data = await openData();
  const { digest } = await trainOnce(data, { settings: { ...SMALL, epochs: 3 } });
  await data.close();
  await withFolder(async (folder) => {
    expect(await runProcess(folder, { killAfter: 8 })).toBe("SIGKILL"); // of 13 batches, the last one the test's
    const whole = await latestCheckpoint(folder);
    expect(whole).not.toBeNull();
    expect(await runProcess(folder, { before: FULL_DISK })).toBe("storage");
    expect(await latestCheckpoint(folder)).toBe(whole);
    expect(await runProcess(folder, { killAfter: 12 })).toBe("SIGKILL");
    expect(await runProcess(folder)).toBe(digest);
  });
}, 300_000);

interface Conditions {
  readonly killAfter?: number;
  /** A shell command that comes first. */
  readonly before?: string;
}

/** @returns the run's digest, the signal that killed it or the code of its error */
async function runProcess(folder: string, { killAfter, before = ":" }: Conditions = {}): Promise<string> {
  const command = `${before}; exec "$0" --import tsx "$@"`;
  const args = [SCRIPT, folder, ...(killAfter === undefined ? [] : [String(killAfter)])];
  return new Promise((resolve) => {
    execFile("sh", ["-c", command, process.execPath, ...args], (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else resolve(error.signal ?? /code: '([a-z-]+)'/.exec(stderr)?.[1] ?? stderr);
    });
  });
}
