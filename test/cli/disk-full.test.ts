// A checkpoint that cannot be written: the run ends with a clear error, nothing half-written stays, and it goes on once there is room.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createTestDatabase } from "../postgres.ts";
import { jsonLines, makeHome, type Home } from "./exp-process.ts";
import { tinyExperiment } from "./tiny-experiment.ts";

/** What is said must be true: a limit so small lets no checkpoint through. */
const NEXT = /then `exp resume` the run\. It begins anew: no checkpoint was written yet\.$/;

let home: Home;
beforeAll(() => {
  home = makeHome();
  home.write("tiny.ts", tinyExperiment());
});
afterAll(() => home.remove());

it("a full disk stops the run with a storage error; exp resume ends with the digest of an undisturbed run", async () => {
  const env = { DATABASE_URL: await createTestDatabase(inject("postgresUrl")) };
  const flags = ["run", "tiny.ts", "--json", "--no-dashboard"];
  const full = await home.exp(flags, env, { fileLimitKiB: 1000 });
  const lines = jsonLines(full.stdout);
  expect(full.code).toBe(1);
  expect(lines[0]).toMatchObject({ type: "error", code: "storage", next: expect.stringMatching(NEXT) as string });
  const [failed] = lines.at(-1)?.["runs"] as { run: string; status: string }[];
  expect(failed?.status).toBe("failed");
  const folder = join(home.folder, ".exp", "runs", failed?.run ?? "");
  expect(existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".tmp")) : []).toEqual([]);

  const again = jsonLines((await home.exp(flags, env)).stdout)[0]; // nobody is there to be asked
  expect(again).toMatchObject({ code: "run-state", message: expect.stringContaining("failed before") as string });
  const resumed = jsonLines((await home.exp(["resume", failed?.run ?? "", "--json"], env)).stdout).at(-1)?.["runs"];
  const undisturbed = jsonLines((await home.exp([...flags, "--fresh"], env)).stdout).at(-1)?.["runs"];
  expect((resumed as { digest: string }[])[0]?.digest).toBe((undisturbed as { digest: string }[])[0]?.digest);
}, 120_000);
