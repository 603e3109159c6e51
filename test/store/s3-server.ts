// A real S3 server for tests: versitygw (github.com/versity/versitygw) on a folder, at a free port of this machine. Its program is the one
// that EXP_TEST_S3_SERVER names, or the one in PATH; without it the tests count as skipped.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const PROGRAM = process.env["EXP_TEST_S3_SERVER"] ?? "versitygw";

/** Null: it is here. */
export const noS3 =
  spawnSync(PROGRAM, ["--version"]).status === 0 ? null : "no versitygw in PATH or EXP_TEST_S3_SERVER";

export const BUCKET = "lab";

export interface S3Server {
  /** For processes: address, credentials, bucket. */
  readonly env: Record<string, string>;
  /** Where its objects lie as files. */
  readonly folder: string;
  stop(): Promise<void>;
  /** Again, with what it held. */
  start(): Promise<void>;
  /** Stopped and its files removed. */
  remove(): Promise<void>;
}

export async function startS3(): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), "exp-s3-"));
  const data = join(folder, "data");
  const sidecar = join(folder, "sidecar"); // for file systems without extended attributes
  for (const path of [join(data, BUCKET), sidecar]) mkdirSync(path, { recursive: true });
  const port = await freePort();
  let stopServer = async (): Promise<void> => undefined;
  const server: S3Server = {
    folder: join(data, BUCKET),
    env: {
      ARTIFACTS_URL: `s3://${BUCKET}/runs`,
      ARTIFACTS_ENDPOINT: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: "tester",
      AWS_SECRET_ACCESS_KEY: "secret-of-tests",
      AWS_EC2_METADATA_DISABLED: "true",
    },
    stop: () => stopServer(),
    start: async () => {
      const args = ["--access", "tester", "--secret", "secret-of-tests", "--port", `127.0.0.1:${port}`, "--quiet"];
      const child = spawn(PROGRAM, [...args, "posix", "--sidecar", sidecar, data], { stdio: "ignore" });
      const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      stopServer = async () => {
        child.kill("SIGKILL");
        await ended;
      };
      while (!(await answers(port))) await sleep(50);
    },
    remove: async () => {
      await stopServer();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
