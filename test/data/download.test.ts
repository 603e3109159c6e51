// Downloads against a server on this machine: complete, continued, damaged, refused, silent.
import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { zipSync } from "fflate";
import { expect, it, onTestFinished, vi } from "vitest";
import { creditsOf } from "../../core/data/catalogue.ts";
import { download } from "../../core/data/download.ts";
import { listSource } from "../../core/data/list.ts";
import { breastMnist, busi } from "../../core/data/source.ts";
import { noisePixels, picture, temporaryFolder, temporaryHome } from "./fixtures.ts";

const content = Buffer.from(noisePixels("download", 100, 100));
const md5 = createHash("md5").update(content).digest("hex");

/** Serves until the test is finished. @returns its URL */
async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function wanted(url: string) {
  return {
    url,
    path: join(await temporaryFolder(), "deep/file.npz"),
    checksum: { algorithm: "md5", hex: md5 },
    alternatives: "Use phantom().",
  } as const;
}

/** The content, or the end of it that the request asks for. */
function answerRanges(request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
  response.writeHead(from > 0 ? 206 : 200, { "content-length": content.length - from });
  response.end(content.subarray(from));
}

it("downloads a file once, with its progress", async () => {
  let requests = 0;
  const url = await serve((request, response) => {
    requests++;
    answerRanges(request, response);
  });
  const file = await wanted(url);
  const seen: number[] = [];
  await download({ ...file, progress: (done, total) => seen.push(done / total) });
  await download(file);
  expect((await readFile(file.path)).equals(content)).toBe(true);
  expect([requests, seen.at(-1)]).toEqual([1, 1]);
});

it("continues after the connection broke", async () => {
  let requests = 0;
  const url = await serve((request, response) => {
    if (requests++ > 0) return answerRanges(request, response);
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, 12_345), () => response.destroy());
  });
  const file = await wanted(url);
  await expect(download(file)).rejects.toThrow(
    /the connection broke after \d+ bytes; the next attempt continues there/,
  );
  await download(file);
  expect((await readFile(file.path)).equals(content)).toBe(true);
});

it("refuses a file with another checksum and removes it", async () => {
  const url = await serve((_, response) => response.end("another file"));
  const file = await wanted(url);
  await expect(download(file)).rejects.toThrow(/its md5 is [0-9a-f]{32}, expected/);
  await expect(readFile(`${file.path}.part`)).rejects.toThrow("ENOENT");
});

it("replaces a damaged file of an earlier time", async () => {
  const file = await wanted(await serve(answerRanges));
  await download(file);
  await writeFile(file.path, "damaged");
  await download(file);
  expect((await readFile(file.path)).equals(content)).toBe(true);
});

it("says what the server answered, and what else can be done", async () => {
  const url = await serve((_, response) => response.writeHead(404).end());
  const error: unknown = await wanted(url)
    .then(download)
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "data-unreachable", next: "Use phantom()." });
  expect(String(error)).toMatch(/the server answered 404/);
});

it("waits three seconds for an answer and no longer", async () => {
  const url = await serve(() => undefined);
  await expect(wanted(url).then(download)).rejects.toThrow(/no answer within 3 s/);
});

it("a catalogue entry names its licence and whom to cite", () => {
  expect(creditsOf(breastMnist())).toEqual([
    "BreastMNIST: breast ultrasound, malignant or not, 780 images, CC BY 4.0; cite Yang et al., MedMNIST v2, Scientific Data 10:41 (2023)",
  ]);
});

it("a catalogue entry asks the mirror that EXP_DATA_URL names", async () => {
  await temporaryHome();
  const asked: string[] = [];
  const url = await serve((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(503).end();
  });
  process.env["EXP_DATA_URL"] = `${url}/mirror/`;
  onTestFinished(() => {
    delete process.env["EXP_DATA_URL"];
  });
  const error: unknown = await listSource(breastMnist({ sizePx: 128 })).catch((caught: unknown) => caught);
  expect(asked).toEqual(["/mirror/breastmnist_128.npz"]);
  expect(error).toMatchObject({ code: "data-unreachable" });
  expect((error as { next: string }).next).toMatch(/npz\("breastmnist_128\.npz"\).*EXP_DATA_URL.*phantom\(\)/);
});

it("BUSI is read without its masks; the SHA-256 of the first download is shown, and later downloads are held to it", async () => {
  const cache = join(await temporaryHome(), "cache");
  const files: Record<string, Uint8Array> = {};
  for (const name of ["benign", "malignant", "normal"])
    for (const i of [1, 2]) files[`Dataset_BUSI_with_GT/${name}/${name} (${i}).png`] = await picture(`${name} ${i}`);
  files["Dataset_BUSI_with_GT/benign/benign (1)_mask.png"] = await picture("mask");
  let archive = zipSync(files);
  const asked: string[] = [];
  vi.stubEnv("EXP_CACHE", cache);
  const url = await serve((request, response) => {
    asked.push(request.url ?? "");
    response.end(archive);
  });
  vi.stubEnv("EXP_DATA_URL", url);
  onTestFinished(() => void vi.unstubAllEnvs());
  const first = (await listSource(busi())).manifest;
  const sha256 = createHash("sha256").update(archive).digest("hex");
  expect(first.name).toBe(`busi, archive with SHA-256 ${sha256}`);
  expect(first.samples.map(({ id }) => id)).toContain("benign/benign (1).png");
  expect(first.samples).toHaveLength(6);
  const path = join(cache, "downloads", "Dataset_BUSI.zip");
  expect(await readFile(`${path}.sha256`, "utf8")).toBe(`${sha256}  Dataset_BUSI.zip\n`);
  expect((await listSource(busi())).manifest.digest).toBe(first.digest);
  expect(asked).toEqual(["/Dataset_BUSI.zip"]);

  archive = zipSync({ ...files, "normal/normal (3).png": await picture("added") });
  await rm(path);
  await expect(listSource(busi())).rejects.toThrow(`expected ${sha256} as the first download had (${path}.sha256)`);
  expect(creditsOf(busi())[0]).toMatch(/780 images, CC BY 4\.0; cite Al-Dhabyani/);
});
