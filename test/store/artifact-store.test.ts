// Files by their content in a folder and in a real S3 server: whole or not at all, in parts that go on after an interruption, damage and
// refusals told in one line.
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { artifactsPlace, openObjectStore, type ObjectStore } from "../../core/store/artifacts/object-store.ts";
import { PART_BYTES } from "../../core/store/artifacts/s3-store.ts";
import { BUCKET, noS3, startS3, type S3Server } from "./s3-server.ts";

const SPACE = "3f0c7a36-space";
/** A small file system of its own takes root. */
const mayMount =
  process.getuid?.() === 0 && spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;

const folder = mkdtempSync(join(tmpdir(), "exp-artifacts-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

interface Made {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

function makeFile(bytes: Buffer): Made {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const path = join(folder, sha256.slice(0, 16));
  writeFileSync(path, bytes);
  return { path, sha256, bytes: bytes.length };
}

const put = (store: ObjectStore, file: Made) => store.put({ ...file, uploadId: null, keepUploadId: () => undefined });

async function listed(store: ObjectStore): Promise<string[]> {
  const found: string[] = [];
  for await (const page of store.list()) found.push(...page.map(({ sha256 }) => sha256));
  return found.sort();
}

/** What both kinds promise. */
function keepsFiles(open: () => Promise<ObjectStore>): void {
  it("gives back what it took, lists it and removes it", async () => {
    const store = await open();
    const files = [
      makeFile(Buffer.from("small")),
      makeFile(randomBytes(PART_BYTES + 12_345)),
      makeFile(Buffer.alloc(0)),
    ];
    for (const file of [...files, ...files]) await put(store, file); // again: nothing happens
    expect(await listed(store)).toEqual(files.map(({ sha256 }) => sha256).sort());
    for (const { sha256, path } of files) {
      const copy = join(folder, "copies", sha256);
      expect(await store.get(sha256, copy)).toBe(true);
      expect(readFileSync(copy).equals(readFileSync(path))).toBe(true);
      await store.remove(sha256);
      expect(await store.has(sha256)).toBe(false);
      expect(await store.get(sha256, `${copy}-2`)).toBe(false);
    }
    expect(await listed(store)).toEqual([]);
    expect(readdirSync(join(folder, "copies")).filter((name) => name.includes(".tmp"))).toEqual([]);
    await store.check();
    store.close();
  });

  it("refuses a file that has changed since it was recorded", async () => {
    const store = await open();
    const file = makeFile(Buffer.from("before"));
    writeFileSync(file.path, "after!");
    await expect(put(store, file)).rejects.toThrow(/has changed since it was recorded/);
    expect(await store.has(file.sha256)).toBe(false);
    store.close();
  });
}

describe("a folder", () => {
  const root = join(folder, "shared");
  keepsFiles(() => openObjectStore({ kind: "folder", path: root }, SPACE));

  it("tells damage and keeps nothing of it", async () => {
    const store = await openObjectStore({ kind: "folder", path: root }, SPACE);
    const { sha256, ...rest } = makeFile(Buffer.from("whole"));
    await put(store, { sha256, ...rest });
    writeFileSync(join(root, SPACE, sha256.slice(0, 2), sha256), "wh0le");
    await expect(store.get(sha256, join(folder, "damaged"))).rejects.toThrow(`the file ${sha256} is damaged there`);
    expect(readdirSync(folder).filter((name) => name.startsWith("damaged"))).toEqual([]);
  });
});

it("names the forms of ARTIFACTS_URL", () => {
  expect(artifactsPlace("s3://lab/a/b/")).toMatchObject({ kind: "s3", bucket: "lab", prefix: "a/b" });
  expect(artifactsPlace("s3://lab")).toMatchObject({ bucket: "lab", prefix: "" });
  expect(artifactsPlace("file:///mnt/lab")).toEqual({ kind: "folder", path: "/mnt/lab" });
  expect(artifactsPlace("")).toBeNull();
  expect(() => artifactsPlace("s4:lab")).toThrow(/expected s3:\/\/bucket\/prefix/);
});

describe.skipIf(noS3 !== null)(`S3${noS3 === null ? "" : ` (${noS3})`}`, () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3();
  }, 30_000);
  afterAll(() => server.remove());

  async function open(more: Record<string, string> = {}): Promise<ObjectStore> {
    for (const [name, value] of Object.entries({ ...server.env, ...more })) vi.stubEnv(name, value);
    return openObjectStore(artifactsPlace()!, SPACE);
  }

  keepsFiles(open);

  it("goes on with an upload in parts where it was interrupted", async () => {
    const store = await open();
    const file = makeFile(randomBytes(2 * PART_BYTES + 999));
    const body = readFileSync(file.path);
    const client = new S3Client({
      endpoint: server.env["ARTIFACTS_ENDPOINT"],
      forcePathStyle: true,
      region: "us-east-1",
    });
    const target = { Bucket: BUCKET, Key: `runs/${SPACE}/${file.sha256.slice(0, 2)}/${file.sha256}` };
    const { UploadId } = await client.send(
      new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: "SHA256" }),
    );
    const first = body.subarray(0, PART_BYTES);
    const ChecksumSHA256 = createHash("sha256").update(first).digest("base64");
    await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: first, ChecksumSHA256 }));
    expect(await store.has(file.sha256)).toBe(false); // parts alone are not to be seen
    const kept: string[] = [];
    await store.put({ ...file, uploadId: UploadId!, keepUploadId: (id) => kept.push(id) });
    expect(kept).toEqual([UploadId]);
    expect(await store.get(file.sha256, join(folder, "resumed"))).toBe(true);
    expect((await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET }))).Uploads ?? []).toEqual([]);
    const again = makeFile(randomBytes(PART_BYTES + 1));
    await store.put({ ...again, uploadId: UploadId!, keepUploadId: (id) => kept.push(id) }); // an id that the server does not know any more
    expect(await store.has(again.sha256)).toBe(true);
    client.destroy();
    store.close();
  });

  it("tells damage and keeps nothing of it", async () => {
    const store = await open();
    const { sha256, ...rest } = makeFile(Buffer.from("whole"));
    await put(store, { sha256, ...rest });
    writeFileSync(join(server.folder, "runs", SPACE, sha256.slice(0, 2), sha256), "wh0le");
    await expect(store.get(sha256, join(folder, "damaged"))).rejects.toThrow(`the file ${sha256} is damaged there`);
    store.close();
  });

  it.skipIf(!mayMount)("a full disk of the server is told in one line and leaves nothing to be seen", async () => {
    const store = await open();
    const file = makeFile(randomBytes(PART_BYTES + 5));
    const small = makeFile(randomBytes(300_000));
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", server.folder]).status).toBe(0);
    try {
      for (const one of [file, small]) {
        await expect(put(store, one)).rejects.toMatchObject({
          code: "storage",
          message: expect.stringMatching(/its disk is full\.$/) as string,
        });
        expect(await store.has(one.sha256)).toBe(false);
      }
      expect(await listed(store)).toEqual([]);
      spawnSync("mount", ["-o", "remount,size=64m", server.folder]);
      for (const one of [file, small]) await put(store, one);
      expect(await store.get(file.sha256, join(folder, "roomy"))).toBe(true);
    } finally {
      store.close();
      spawnSync("umount", [server.folder]);
    }
  });

  it.each([
    ["wrong credentials", { AWS_SECRET_ACCESS_KEY: "other" }, "the credentials are refused (SignatureDoesNotMatch)"],
    ["an unknown user", { AWS_ACCESS_KEY_ID: "nobody" }, "the credentials are refused (XAdminUserNotFound)"],
    ["a missing bucket", { ARTIFACTS_URL: "s3://elsewhere" }, "the bucket does not exist"],
    ["a server that is away", { ARTIFACTS_ENDPOINT: "http://127.0.0.1:9" }, "it does not answer (ECONNREFUSED)"],
  ] as const)("tells %s in one line", async (_, env: Record<string, string>, line) => {
    const store = await open(env);
    const wanted = `artifact store ${env["ARTIFACTS_URL"] ?? server.env["ARTIFACTS_URL"]}: ${line}.`;
    const file = makeFile(Buffer.from("x"));
    await expect(store.check()).rejects.toMatchObject({ code: "storage", message: wanted });
    await expect(put(store, file)).rejects.toThrow(wanted);
    store.close();
  });
});

mkdirSync(join(folder, "copies"), { recursive: true });
