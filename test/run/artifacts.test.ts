// Runs of two machines (two homes) that share a database and an S3 bucket alone: one goes on where the other was killed, with the digest of
// an undisturbed run; files are had from the bucket; the bucket away stops nothing; gc leaves what runs refer to.
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createTestDatabase } from "../postgres.ts";
import { jsonLines, makeHome, type Home } from "../cli/exp-process.ts";
import { TINY_SETTINGS, tinyExperiment } from "../cli/tiny-experiment.ts";
import { noS3, startS3, type S3Server } from "../store/s3-server.ts";

const SWEEP = tinyExperiment({ base: { ...TINY_SETTINGS, epochs: 8 } });
const ALONE = ["--threads", "1"];

describe.skipIf(noS3 !== null)(`two machines and S3${noS3 === null ? "" : ` (${noS3})`}`, () => {
  const first = makeHome();
  const second = makeHome();
  const plain = makeHome();
  let server: S3Server;
  let env: Record<string, string>;
  beforeAll(async () => {
    server = await startS3();
    env = { ...server.env, DATABASE_URL: await createTestDatabase(inject("postgresUrl")) };
  }, 60_000);
  afterAll(async () => {
    await Promise.all([first, second, plain].map((home) => home.remove()));
    await server.remove();
  });

  const rows = async (sql: string) => jsonLines((await second.exp(["sql", sql, "--json"], env)).stdout);
  const objects = () =>
    readdirSync(server.folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      /^[0-9a-f]{64}$/.test(entry.name),
    ).length;
  const waiting = async (home: Home) =>
    jsonLines((await home.exp(["spool", "status", "--json"], env)).stdout)
      .filter(({ type }) => type === "upload")
      .reduce((sum, { files }) => sum + Number(files), 0);

  it("the second half on another machine gives the digest of a plain run", async () => {
    const file = first.write("sweep.ts", SWEEP);
    expect((await first.exp(["run", file, "--queue"], env)).code).toBe(0);
    const worker = first.start(["worker", "--drain", ...ALONE, "--checkpoint-every", "1"], env);
    while ((await rows("select step from resume_points")).length === 0) expect(worker.child.exitCode).toBeNull();
    worker.child.kill("SIGKILL");
    await worker.finished;
    rmSync(join(first.folder, ".exp", "runs"), { recursive: true }); // that machine is gone
    const told = await second.exp(["worker", "--drain", ...ALONE], env);
    expect(told.stdout + told.stderr).toMatch(/resumed from step-\d+\.safetensors/);
    const [run] = await rows("select digest, status from v_runs");
    expect(run).toMatchObject({ status: "done" });
    const whole = await plain.exp(["run", plain.write("sweep.ts", SWEEP), "--no-dashboard", "--json", ...ALONE]);
    const [undisturbed] = jsonLines(whole.stdout).find(({ type }) => type === "done")?.["runs"] as { digest: string }[];
    expect(run?.["digest"]).toBe(undisturbed?.digest);
    expect(await waiting(second)).toBe(0);
  }, 120_000);

  it("files of a run are had from the bucket, and checked", async () => {
    rmSync(join(second.folder, ".exp", "runs"), { recursive: true });
    const verdict = await first.exp(["verify", "tiny/base/0"], env);
    expect(verdict).toMatchObject({ code: 0, stdout: expect.stringMatching(/artifacts +same/) as string });
    expect(existsSync(join(first.folder, ".exp", "runs"))).toBe(true);
  }, 60_000);

  it("gc removes what no run refers to, and nothing else", async () => {
    const before = objects();
    const gc = jsonLines((await first.exp(["gc", "--json"], env)).stdout)[0];
    const kept = objects();
    expect(before - kept).toBe((gc?.["objects"] as unknown[]).length);
    const [referenced] = await rows("select count(distinct sha256)::int as n from artifacts");
    expect(kept).toBe(referenced?.["n"]);
    rmSync(join(first.folder, ".exp", "runs"), { recursive: true });
    expect((await first.exp(["verify", "tiny/base/0"], env)).code).toBe(0);
  }, 60_000);

  it("with the bucket away training goes on, and its files are sent later", async () => {
    await server.stop();
    const file = first.write("other.ts", tinyExperiment({ name: "other" }));
    const told = await first.exp(["run", file, "--no-dashboard", ...ALONE], env);
    expect(told.code).toBe(0);
    expect(told.stderr + told.stdout).toContain("it does not answer (ECONNREFUSED)");
    const left = await waiting(first);
    expect(left).toBeGreaterThan(0);
    const flush = await first.exp(["spool", "flush"], env);
    expect(flush).toMatchObject({ code: 1, stderr: expect.stringContaining("it does not answer") as string });
    await server.start();
    const sent = jsonLines((await first.exp(["spool", "flush", "--json"], env)).stdout)[0];
    expect(sent).toMatchObject({ uploaded: left, left: 0 });
    expect((await second.exp(["verify", "other/base/0"], env)).code).toBe(0);
  }, 120_000);

  it("exp doctor says what is wrong with it", async () => {
    const answer = async (more: Record<string, string>) => {
      const { stdout } = await first.exp(["doctor", "--json"], { ...env, ...more });
      return jsonLines(stdout).find(({ what }) => what === "artifacts");
    };
    expect(await answer({})).toMatchObject({ state: "ok" });
    expect(await answer({ ARTIFACTS_URL: "s3://elsewhere/x" })).toMatchObject({
      state: "problem",
      text: "artifact store s3://elsewhere/x: the bucket does not exist.",
    });
    writeFileSync(join(first.folder, "file"), "");
    expect(await answer({ ARTIFACTS_URL: join(first.folder, "file") })).toMatchObject({ state: "problem" });
  }, 60_000);
});
