import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openData, SMALL, trainOnce, withFolder } from "./phantom-training.ts";

const SCRIPT = fileURLToPath(new URL("./train-in-process.ts", import.meta.url));

test("another process gets the same digest, also when it is killed again and again and resumed each time", async () => {
  const data = await openData();
  const { digest } = await trainOnce(data, { settings: { ...SMALL, epochs: 3 } });
  await data.close();
  expect(await withFolder((folder) => runProcess(folder, null))).toBe(digest);
  await withFolder(async (folder) => {
    for (const batch of [5, 12]) expect(await runProcess(folder, batch)).toBeNull(); // of 13 batches, the last one the test's
    expect(await runProcess(folder, null)).toBe(digest);
  });
}, 120_000);

/** @param killAfter the batch whose line brings SIGKILL @returns the digest, or null where it was killed */
async function runProcess(folder: string, killAfter: number | null): Promise<string | null> {
  const child = spawn(process.execPath, ["--import", "tsx", SCRIPT, folder], { stdio: ["ignore", "pipe", "inherit"] });
  let digest: string | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, value = ""] = line.split(" ");
    if (word === "batch" && killAfter !== null && Number(value) >= killAfter) child.kill("SIGKILL");
    if (word === "digest") digest = value;
  }
  return child.signalCode === "SIGKILL" ? null : digest;
}
