// Downloads against a server on this machine: complete, continued, damaged, refused, silent.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { creditsOf } from "../../core/data/catalogue.ts";
import { download } from "../../core/data/download.ts";
import { listSource } from "../../core/data/list.ts";
import { breastMnist } from "../../core/data/source.ts";
import { noisePixels, temporaryFolder, temporaryHome } from "./fixtures.ts";

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
  return { url, path: join(await temporaryFolder(), "deep/file.npz"), md5, alternatives: "Use phantom()." };
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
