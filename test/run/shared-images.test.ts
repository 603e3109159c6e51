// Prepared images by choice in S3: a worker on a machine without the images trains from them with the bits of a plain run, and a dashboard
// on a third machine shows pictures. What a full disk, a missing share and gc do to them.
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createTestDatabase } from "../postgres.ts";
import { jsonLines, makeHome, type Home } from "../cli/exp-process.ts";
import { tinyExperiment } from "../cli/tiny-experiment.ts";
import { writeClassFolders } from "../data/fixtures.ts";
import { noS3, startS3, type S3Server } from "../store/s3-server.ts";

const ALONE = ["--threads", "1"];
const SWEEP = tinyExperiment({ data: { kind: "folder", path: "images", group: null } });

describe.skipIf(noS3 !== null)(`images in S3${noS3 === null ? "" : ` (${noS3})`}`, () => {
  const first = makeHome();
  const second = makeHome();
  const third = makeHome();
  let server: S3Server;
  let env: Record<string, string>;
  let undisturbed: string;
  beforeAll(async () => {
    server = await startS3();
    env = { ...server.env, DATABASE_URL: await createTestDatabase(inject("postgresUrl")) };
    await writeClassFolders(join(first.folder, "images"), { benign: 24, malignant: 24 });
    first.write("sweep.ts", SWEEP);
    const whole = await first.exp(["run", "sweep.ts", "--no-dashboard", "--json", ...ALONE], {
      DATABASE_URL: await createTestDatabase(inject("postgresUrl")),
    });
    const runs = jsonLines(whole.stdout).find(({ type }) => type === "done")?.["runs"] as { digest: string }[];
    undisturbed = String(runs[0]?.digest);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([first, second, third].map((home) => home.remove()));
    await server.remove();
  });

  const rows = async (sql: string) => jsonLines((await first.exp(["sql", sql, "--json"], env)).stdout);
  const objects = () =>
    readdirSync(server.folder, { recursive: true, withFileTypes: true }).filter(({ name }) =>
      /^[0-9a-f]{64}$/.test(name),
    ).length;
  const prepared = (home: Home) => {
    const folder = join(home.folder, ".exp", "cache", "prepared");
    return readdirSync(folder, { withFileTypes: true }).map(({ name }) => name);
  };

  it("asked for without an artifact store it is refused before anything is stored", async () => {
    const told = await first.exp(["run", "sweep.ts", "--queue", "--share-images"], {
      DATABASE_URL: env["DATABASE_URL"]!,
    });
    expect(told).toMatchObject({ code: 1, stderr: expect.stringContaining("Set ARTIFACTS_URL") as string });
    expect(await rows("select run_id from v_runs")).toEqual([]);
  });

  it("a worker without the images says where they should be, and gives the run back", async () => {
    expect((await first.exp(["run", "sweep.ts", "--queue"], env)).code).toBe(0);
    rmSync(join(first.folder, "images"), { recursive: true });
    const told = await second.exp(["worker", "--drain", ...ALONE], env);
    expect(told.stdout + told.stderr).toContain(
      `its images are not on this machine: there is no ${first.folder}/images.`,
    );
    expect(told.stdout + told.stderr).toContain("exp run FILE --queue --share-images");
    expect(await rows("select status from v_runs")).toEqual([{ status: "queued" }]);
  }, 60_000);

  it("shared ones are enough for the same bits; a full disk leaves no half of them", async () => {
    await writeClassFolders(join(first.folder, "images"), { benign: 24, malignant: 24 });
    const shared = await first.exp(["run", "sweep.ts", "--queue", "--share-images"], env);
    expect(shared).toMatchObject({ code: 0, stdout: expect.stringContaining("sharing the prepared images") as string });
    for (const path of ["images", ".exp/cache"]) rmSync(join(first.folder, path), { recursive: true });
    const full = await second.exp(["worker", "--drain", ...ALONE], env, { fileLimitKiB: 64 });
    expect(full.stdout + full.stderr).toContain(
      "cannot be had from the artifact store: the disk of this machine is full.",
    );
    expect(prepared(second)).toEqual([]);
    const told = await second.exp(["worker", "--drain", ...ALONE], env);
    expect(told.stdout + told.stderr).toContain("are not here: training from the prepared ones");
    expect(prepared(second)).toHaveLength(1);
    expect(await rows("select status, digest from v_runs")).toEqual([{ status: "done", digest: undisturbed }]);
  }, 120_000);

  it("a dashboard on a third machine shows thumbnails and the contact sheet", async () => {
    const dashboard = third.start(["dashboard", "--port", "0", "--json"], env);
    const { url } = JSON.parse(await dashboard.seen(/\{.*\}/)) as { url: string };
    const pictures = await third.exp(
      ["sql", "select artifact_id as id, kind from artifacts where kind in ('thumbnail', 'contact-sheet')", "--json"],
      env,
    );
    const ids = jsonLines(pictures.stdout);
    expect(ids.filter(({ kind }) => kind === "thumbnail").length).toBeGreaterThan(10);
    for (const { id, kind } of ids) {
      const answer = await fetch(new URL(`/artifacts/${String(id)}`, url));
      expect([answer.status, answer.headers.get("content-type")]).toEqual([
        200,
        kind === "thumbnail" ? "image/webp" : "image/png",
      ]);
    }
    dashboard.child.kill("SIGINT");
    await dashboard.finished;
  }, 60_000);

  it("gc leaves them while a run is trained from them, and removes them afterwards", async () => {
    const [file] = await rows("select sha256 from artifacts where kind = 'prepared-images'");
    await first.exp(["gc"], env);
    const kept = objects();
    expect(held(String(file?.["sha256"]))).toBe(true);
    const [run] = await rows("select run_id as id from v_runs");
    await first.exp(["delete", String(run?.["id"])], env);
    await first.exp(["gc"], env);
    expect(held(String(file?.["sha256"]))).toBe(true); // for an hour: a sweep may be about to begin
    expect(objects()).toBeLessThan(kept);
    const sql = postgres(env["DATABASE_URL"]!);
    await sql`update artifacts set created_at = now() - interval '2 hours' where kind = 'prepared-images'`;
    await sql.end();
    await first.exp(["gc"], env);
    expect(held(String(file?.["sha256"]))).toBe(false);
  }, 60_000);

  const held = (sha256: string) =>
    readdirSync(server.folder, { recursive: true, withFileTypes: true }).some(({ name }) => name === sha256);
});
