// A folder of checkpoints that may no longer be written, under a user who is not root: the run ends with a clear error, the last good
// checkpoint stays, and it goes on once the folder may be written again.
import { chmodSync, chownSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { readCheckpoint } from "../../core/train/checkpoint.ts";
import { createTestDatabase } from "../postgres.ts";
import { jsonLines, makeHome, type Home } from "./exp-process.ts";
import { TINY_SETTINGS, tinyExperiment } from "./tiny-experiment.ts";

const isRoot = process.getuid?.() === 0;
/** Debian's nobody. */
const NOBODY = 65534;

let home: Home;
beforeAll(() => {
  home = makeHome();
  home.write("tiny.ts", tinyExperiment({ base: { ...TINY_SETTINGS, epochs: 30 } }));
  if (isRoot) chownSync(home.folder, NOBODY, NOBODY);
});
afterAll(() => home.remove());

it("a folder that may not be written stops the run; its last checkpoint is whole and it goes on afterwards", async () => {
  const env = { DATABASE_URL: await createTestDatabase(inject("postgresUrl")), HOME: home.folder };
  const how = isRoot ? { uid: NOBODY } : {};
  const flags = ["run", "tiny.ts", "--json", "--no-dashboard", "--threads", "1"];
  const started = home.start(flags, env, how);
  const folder = await firstCheckpoint(join(home.folder, ".exp", "runs"));
  chmodSync(folder, 0o555);
  const { code, stdout } = await started.finished;
  chmodSync(folder, 0o755);
  const lines = jsonLines(stdout);
  expect(code).toBe(1);
  expect(lines[0]).toMatchObject({ type: "error", code: "storage" });
  expect(lines[0]?.["message"]).toMatch(/cannot write .*step-.*EACCES/);
  const [failed] = lines.at(-1)?.["runs"] as { run: string; status: string }[];
  expect(failed?.status).toBe("failed");
  const kept = stepFiles(folder).at(-1) ?? "none";
  expect((await readCheckpoint(join(folder, kept))).standing.epoch).toBeGreaterThan(1);
  expect(lines[0]?.["next"]).toContain(`It goes on from ${kept}.`);

  const resumed = await home.exp(["resume", failed?.run ?? "", "--json"], env, how);
  expect(resumed.stderr).toContain(`resumed from ${kept}`);
  const undisturbed = await home.exp([...flags, "--fresh"], env, how);
  const digestOf = (text: string) => (jsonLines(text).at(-1)?.["runs"] as { digest: string }[])[0]?.digest;
  expect(digestOf(resumed.stdout)).toMatch(/^[0-9a-f]{64}$/);
  expect(digestOf(resumed.stdout)).toBe(digestOf(undisturbed.stdout));
}, 240_000);

/** @returns the folder of the run that has written one, and the contact sheet, which is drawn while it trains */
async function firstCheckpoint(runs: string): Promise<string> {
  for (;;) {
    const [run] = existsSync(runs) ? readdirSync(runs) : [];
    const folder = join(runs, run ?? "");
    if (run !== undefined && stepFiles(folder).length > 0 && existsSync(join(folder, "contact-sheet.png")))
      return folder;
    await sleep(5);
  }
}

function stepFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^step-.*safetensors$/.test(name))
    .sort();
}
