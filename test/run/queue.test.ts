// A sweep left to workers that are killed all the while: every run ends once, with the digest of a plain `exp run`. A short round here;
// LOCKSTEP_LONG=1 gives 60 runs to 4 workers.
import { afterAll, expect, it } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import { stream } from "../../core/random.ts";
import { jsonLines, makeHome, type Started } from "../cli/exp-process.ts";
import { TINY_SETTINGS, tinyExperiment } from "../cli/tiny-experiment.ts";

const LONG = process.env["LOCKSTEP_LONG"] === "1";
const { seeds, workers, kills, everyMs } = LONG
  ? { seeds: 60, workers: 4, kills: 25, everyMs: 4000 }
  : { seeds: 3, workers: 2, kills: 1, everyMs: 2500 };
const SWEEP = tinyExperiment({
  seeds: Array.from({ length: seeds }, (_, seed) => seed),
  base: { ...TINY_SETTINGS, size: "small", epochs: LONG ? 10 : 4 },
});

const queued = makeHome();
const plain = makeHome();
afterAll(async () => {
  await Promise.all([queued.remove(), plain.remove()]);
});

it(
  "every run ends once, with its digest",
  async () => {
    const file = queued.write("sweep.ts", SWEEP);
    const told = await queued.exp(["run", file, "--queue"]);
    expect(told.stdout).toContain(`${seeds} runs are queued or done`);
    const waiting = jsonLines((await queued.exp(["queue", "--json"])).stdout);
    expect(waiting.map(({ standing }) => standing)).toEqual(Array(seeds).fill("waiting"));
    const killed = await workUnderFire();
    const rows = jsonLines(
      (await queued.exp(["sql", "select seed, status, digest from v_runs order by seed", "--json"])).stdout,
    );
    expect(rows.map(({ status }) => status)).toEqual(Array(seeds).fill("done"));
    const whole = await plain.exp(["run", plain.write("sweep.ts", SWEEP), "--no-dashboard", "--json"]);
    const runs = jsonLines(whole.stdout).find(({ type }) => type === "done")?.["runs"] as { digest: string }[];
    expect(rows.map(({ digest }) => digest)).toEqual(runs.map(({ digest }) => digest));
    expect(await queued.exp(["queue"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Nothing waits") as string,
    });
    console.log(`${seeds} runs, ${workers} workers, ${killed} of them killed`);
  },
  LONG ? 1_800_000 : 600_000,
);

/** Kills one of the workers every so often, and starts another in its place. @returns how many were killed */
async function workUnderFire(): Promise<number> {
  const draw = stream(0, "kills");
  const start = (): Started => queued.start(["worker", "--drain", "--threads", "1", "--checkpoint-every", "2"]);
  const alive = Array.from({ length: workers }, start);
  let killed = 0;
  while (killed < kills) {
    await sleep(everyMs);
    const victim = draw.integer(workers);
    const { child } = alive[victim] as Started;
    if (child.exitCode !== null) break; // the queue is empty
    child.kill("SIGKILL");
    killed++;
    alive[victim] = start();
  }
  const ends = await Promise.all(alive.map(({ finished }) => finished));
  expect(ends.map(({ code }) => code)).toEqual(Array(workers).fill(0));
  return killed;
}
