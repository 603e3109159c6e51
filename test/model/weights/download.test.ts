import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { download } from "../../../core/model/weights/download.ts";
import { imagenetFile, weightsCache } from "../../../core/model/weights/imagenet.ts";
import { makeNetwork } from "./golden-files.ts";

const BODY = Buffer.from("weights ".repeat(1000));
const SHA256 = createHash("sha256").update(BODY).digest("hex");

let server: Server;
let folder: string;
let requests: string[];
let answer: RequestListener;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "lockstep-download-"));
  requests = [];
  answer = (_request, response) => response.end(BODY);
  server = createServer((request, response) => {
    requests.push(request.url ?? "");
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const base = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const fetchFile = (sha256 = SHA256.slice(0, 8)) =>
  download({ url: `${base()}/w.pth`, path: join(folder, "cache", "w.pth"), sha256, next: "Use another." });
const cached = () => readdirSync(join(folder, "cache"));

describe("downloading weights", () => {
  it("fetches once, then takes the cached file", async () => {
    const path = await fetchFile();
    expect(readFileSync(path)).toEqual(BODY);
    expect(await fetchFile(SHA256)).toBe(path);
    expect(requests).toEqual(["/w.pth"]);
  });

  it("follows a redirect and reports progress", async () => {
    const seen: number[] = [];
    answer = (request, response) =>
      request.url === "/w.pth" ? response.writeHead(302, { location: "/moved.pth" }).end() : response.end(BODY);
    const onProgress = (received: number) => seen.push(received);
    await download({ url: `${base()}/w.pth`, path: join(folder, "w.pth"), sha256: SHA256, next: "", onProgress });
    expect(requests).toEqual(["/w.pth", "/moved.pth"]);
    expect(seen.at(-1)).toBe(BODY.length);
  });

  it("keeps nothing of a file with a wrong checksum", async () => {
    await expect(fetchFile("deadbeef")).rejects.toThrow(/wrong checksum.*expected deadbeef/);
    expect(cached()).toEqual([]);
  });

  it("keeps nothing of a download that breaks off", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": BODY.length });
      response.write(BODY.subarray(0, 100), () => response.destroy());
    };
    await expect(fetchFile()).rejects.toMatchObject({ code: "data-unreachable" });
    expect(cached()).toEqual([]);
  });

  it("fetches again when the cached file is damaged", async () => {
    const path = await fetchFile();
    writeFileSync(path, "damaged");
    expect(readFileSync(await fetchFile())).toEqual(BODY);
    expect(requests).toHaveLength(2);
  });

  it("says what to do when the server refuses, is absent or lacks the file", async () => {
    answer = (_request, response) => response.writeHead(404).end();
    await expect(fetchFile()).rejects.toMatchObject({ code: "data-unreachable", next: "Use another." });
    const nobody = download({
      url: "http://127.0.0.1:1/w.pth",
      path: join(folder, "x"),
      sha256: "",
      next: "Use another.",
    });
    await expect(nobody).rejects.toMatchObject({ code: "data-unreachable", next: "Use another." });
  });

  it("gives up after 3 s without a connection", async () => {
    const unroutable = download({ url: "http://10.255.255.1/w.pth", path: join(folder, "x"), sha256: "", next: "Go." });
    await expect(unroutable).rejects.toMatchObject({ code: "data-unreachable" }); // or at once, where the network says so
  }, 10_000);
});

describe("ImageNet weights", () => {
  it("asks for torchvision's file by its name, checked against the digits in it", async () => {
    const options = { weights: "V2", cacheDir: folder, baseUrl: base() } as const;
    await expect(imagenetFile(makeNetwork({}), options)).rejects.toThrow(/expected 5c1a4163/);
    await expect(imagenetFile(makeNetwork({ size: "small" }), { ...options, weights: "V1" })).rejects.toThrow(
      /047dcff4/,
    );
    expect(requests).toEqual(["/mobilenet_v3_large-5c1a4163.pth", "/mobilenet_v3_small-047dcff4.pth"]);
  });

  it("refuses networks that they are not published for, without asking the server", async () => {
    const options = { weights: "V2", cacheDir: folder, baseUrl: base() } as const;
    await expect(imagenetFile(makeNetwork({ widthMult: 0.5 }), options)).rejects.toThrow(
      /widthMult 1, received widthMult 0.5/,
    );
    await expect(imagenetFile(makeNetwork({ layout: "article" }), options)).rejects.toThrow(/layout "torchvision"/);
    await expect(imagenetFile(makeNetwork({ size: "small" }), options)).rejects.toThrow(/V1/);
    expect(requests).toEqual([]);
  });

  it("keeps downloads under EXP_CACHE, else under the home", () => {
    const before = process.env.EXP_CACHE;
    delete process.env.EXP_CACHE;
    expect(weightsCache("/home/.exp")).toBe("/home/.exp/cache/weights");
    process.env.EXP_CACHE = "/elsewhere";
    expect(weightsCache("/home/.exp")).toBe("/elsewhere/weights");
    if (before === undefined) delete process.env.EXP_CACHE;
    else process.env.EXP_CACHE = before;
  });
});
