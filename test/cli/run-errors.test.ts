// Errors of `exp run` on the command line: one line, a next step, exit code 1, nothing stored.
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createTestDatabase } from "../postgres.ts";
import { makeHome, type Home } from "./exp-process.ts";
import { tinyExperiment } from "./tiny-experiment.ts";

let home: Home;
beforeAll(() => {
  home = makeHome();
  home.write("tiny.ts", tinyExperiment());
});
afterAll(() => home.remove());

it("an error is one line and a next step on standard error", async () => {
  const { code, stdout, stderr } = await home.exp(["run", "missing.ts"]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^error: missing\.ts: no such file\.\nnext: {2}.+\n$/);
});

it("with --json it is one object on standard output", async () => {
  const { code, stdout } = await home.exp(["run", "tiny.ts", "--set", "lr=abc", "--json"]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    type: "error",
    code: "experiment-invalid",
    next: expect.any(String) as string,
  });
});

it("a flag with a wrong value is named", async () => {
  const { code, stderr } = await home.exp(["run", "tiny.ts", "--threads", "two"]);
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('--threads is "two"') as string });
});

it("a database that does not answer, without its password", async () => {
  const { code, stderr } = await home.exp(["runs"], { DATABASE_URL: "postgres://me:s3cret@127.0.0.1:9/runs" });
  expect(code).toBe(1);
  expect(stderr).toContain("127.0.0.1:9");
  expect(stderr).not.toContain("s3cret");
});

it("a port in use stores no run", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const { port } = server.address() as { port: number };
  const env = { DATABASE_URL: await createTestDatabase(inject("postgresUrl")) };
  try {
    const { code, stderr } = await home.exp(["run", "tiny.ts", "--port", String(port)], env);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(`port ${port}`) as string });
    const runs = await home.exp(["sql", "select count(*)::int as n from runs", "--json"], env);
    expect(JSON.parse(runs.stdout)).toEqual({ n: 0 });
  } finally {
    server.close();
  }
});
