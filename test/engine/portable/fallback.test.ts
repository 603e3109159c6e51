// What happens where the native library is not as it was built: a copy of the engine with a missing, damaged or foreign one.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { hasNative } from "../../../core/engine/portable/load.ts";

vi.setConfig({ testTimeout: 60_000 });

const LIBRARY = `${process.platform}-${process.arch}.node`;
const folder = mkdtempSync(join(tmpdir(), "lockstep-fallback-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a copy of the engine after `damage` was done to its prebuilt/. @returns what it printed as identity and notices, or its error */
function runCopy(
  name: string,
  kernels: string,
  damage: (prebuilt: string) => void,
): { identity?: string; notices?: string[]; error?: string } {
  const copy = join(folder, name);
  for (const path of [
    "core/errors.ts",
    "core/exact-math.ts",
    "core/turns.ts",
    "core/engine",
    "core/model/network.ts",
    "core/data/sample.ts",
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
    const notices: string[] = [];
    try {
      const engine = await createPortableEngine({ threads: 2, kernels: "${kernels}", onNotice: (line) => notices.push(line) });
      console.log(JSON.stringify({ identity: engine.identity.kernels, notices }));
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
  const foreign = Buffer.from("not a library of this system");
  writeFileSync(join(prebuilt, LIBRARY), foreign);
  changeManifest(prebuilt, (manifest) => ({
    ...manifest,
    files: { ...manifest.files, [LIBRARY]: createHash("sha256").update(foreign).digest("hex") },
  }));
}

type Manifest = { selfTest: string; files: Record<string, string> };

function changeManifest(prebuilt: string, change: (manifest: Manifest) => Manifest): void {
  const path = join(prebuilt, "kernels.json");
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")) as Manifest)));
}

describe.skipIf(!hasNative())(
  "a native library that cannot be used gives way to wasm with one line that says why",
  () => {
    it.each([
      ["missing", (prebuilt: string) => rmSync(join(prebuilt, LIBRARY)), "is missing"],
      ["damaged by one byte", changeByte, "is damaged"],
      ["foreign", makeForeign, "does not load"],
    ])("%s", (name, damage, reason) => {
      const { identity, notices } = runCopy(name, "auto", damage);
      expect(identity).toBe("wasm");
      expect(notices).toHaveLength(1);
      expect(notices?.[0]).toContain(`${LIBRARY} ${reason}`);
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
