// What happens where the native library is not as it was built: a copy of the engine with one that is missing, damaged, foreign or computes
// other bits. Each trains; the digest is that of the whole engine.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { createPortableEngine } from "../../../core/engine/portable/index.ts";
import { hasNative } from "../../../core/engine/portable/load.ts";
import { digestOf, type DigestCase } from "./digest-cases.ts";

vi.setConfig({ testTimeout: 60_000 });

const LIBRARY = `${process.platform}-${process.arch}.node`;
const folder = mkdtempSync(join(tmpdir(), "lockstep-fallback-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TRAINING: DigestCase = {
  size: "small",
  widthMult: 0.35,
  classes: 3,
  sizePx: 32,
  freeze: "none",
  batches: [4, 3],
};

/** Trains with a copy of the engine after `damage` was done to its prebuilt/. @returns identity, notices and digest, or its error */
function runCopy(
  name: string,
  kernels: string,
  damage: (prebuilt: string) => void,
): { identity?: string; notices?: string[]; digest?: string; error?: string } {
  const copy = join(folder, name);
  for (const path of [
    "core/errors.ts",
    "core/exact-math.ts",
    "core/turns.ts",
    "core/engine",
    "core/model",
    "core/data/sample.ts",
    "test/engine/portable/digest-cases.ts",
    "test/model/formula-state.ts",
  ]) {
    mkdirSync(join(copy, path, ".."), { recursive: true });
    cpSync(path, join(copy, path), { recursive: true });
  }
  writeFileSync(join(copy, "package.json"), '{ "type": "module" }');
  damage(join(copy, "core/engine/portable/prebuilt"));
  const script = join(copy, "main.ts");
  writeFileSync(
    script,
    `import { createPortableEngine } from "./core/engine/portable/index.ts";
    import { digestOf } from "./test/engine/portable/digest-cases.ts";
    const notices: string[] = [];
    try {
      const engine = await createPortableEngine({ threads: 2, kernels: "${kernels}", onNotice: (line) => notices.push(line) });
      const digest = await digestOf(engine, ${JSON.stringify(TRAINING)});
      await engine.close();
      console.log(JSON.stringify({ identity: engine.identity.kernels, notices, digest }));
    } catch (error) {
      console.log(JSON.stringify({ error: error.message }));
    }`,
  );
  const { stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", script], { encoding: "utf8" });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as ReturnType<typeof runCopy>;
}

function changeByte(prebuilt: string): void {
  const bytes = readFileSync(join(prebuilt, LIBRARY));
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  writeFileSync(join(prebuilt, LIBRARY), bytes);
}

/** As if built for a system whose loader refuses it here. */
function makeForeign(prebuilt: string): void {
  replaceLibrary(prebuilt, Buffer.from("not a library of this system"));
}

/** As of a build, or a processor, that rounds otherwise: the hard-sigmoid's 1/6 is off by its last bit. */
function miscompute(prebuilt: string): void {
  const bytes = readFileSync(join(prebuilt, LIBRARY));
  const sixth = Buffer.alloc(4);
  sixth.writeFloatLE(1 / 6);
  let places = 0;
  for (let at = bytes.indexOf(sixth); at >= 0; at = bytes.indexOf(sixth, at)) {
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    places++;
  }
  expect(places).toBeGreaterThan(0);
  replaceLibrary(prebuilt, bytes);
}

/** With the digest in the manifest that it then has. */
function replaceLibrary(prebuilt: string, bytes: Buffer): void {
  writeFileSync(join(prebuilt, LIBRARY), bytes);
  changeManifest(prebuilt, (manifest) => ({
    ...manifest,
    files: { ...manifest.files, [LIBRARY]: createHash("sha256").update(bytes).digest("hex") },
  }));
}

/** Of the engine as it is, with native kernels. */
const wholeDigest = (async () => {
  const engine = await createPortableEngine({ threads: 2, kernels: hasNative() ? "native" : "wasm" });
  const digest = await digestOf(engine, TRAINING);
  await engine.close();
  return digest;
})();

type Manifest = { selfTest: string; files: Record<string, string> };

function changeManifest(prebuilt: string, change: (manifest: Manifest) => Manifest): void {
  const path = join(prebuilt, "kernels.json");
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")) as Manifest)));
}

describe.skipIf(!hasNative())(
  "a native library that cannot be used gives way to wasm with one line that says why",
  () => {
    it.each([
      ["missing", (prebuilt: string) => rmSync(join(prebuilt, LIBRARY)), `${LIBRARY} is missing`],
      ["damaged by one byte", changeByte, `${LIBRARY} is damaged`],
      ["foreign", makeForeign, `${LIBRARY} does not load`],
      ["of other bits", miscompute, "self-test"],
    ])("%s", async (name, damage, reason) => {
      const { identity, notices, digest } = runCopy(name, "auto", damage);
      expect(identity).toBe("wasm");
      expect(notices).toHaveLength(1);
      expect(notices?.[0]).toContain(reason);
      expect(digest).toBe(await wholeDigest);
    });

    it("asked for by name, it is an error", () => {
      expect(runCopy("forced", "native", changeByte).error).toContain("is damaged");
    });
  },
);

it("kernels that compute other bits than at their build are refused", () => {
  const otherDigest = (prebuilt: string): void =>
    changeManifest(prebuilt, (manifest) => ({ ...manifest, selfTest: "0" }));
  expect(runCopy("other bits", "wasm", otherDigest).error).toContain("self-test gives other bits");
});
