// The prebuilt kernels: made from the sources that stand here, whole, and replaced by wasm where they are not.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createPortableEngine } from "../../../core/engine/portable/index.ts";
import { hasNative, manifest, nativeCandidate } from "../../../core/engine/portable/load.ts";

const folder = new URL("../../../core/engine/portable/", import.meta.url);
const sha256 = (path: string) =>
  createHash("sha256")
    .update(readFileSync(new URL(path, folder)))
    .digest("hex");

describe("prebuilt kernels", () => {
  it("were built from these sources (else: npm run kernels)", () => {
    const { sources } = JSON.parse(readFileSync(new URL("prebuilt/kernels.json", folder), "utf8")) as {
      sources: Record<string, string>;
    };
    const present = readdirSync(new URL("kernels/", folder)).filter((file) => /\.[ch]$/.test(file));
    expect(Object.fromEntries(present.sort().map((file) => [file, sha256(`kernels/${file}`)]))).toEqual(sources);
  });

  it("have the digests of their build", () => {
    for (const [file, digest] of Object.entries(manifest.files)) expect(sha256(`prebuilt/${file}`), file).toBe(digest);
  });

  it("say in the engine's identity what runs", async () => {
    const engine = await createPortableEngine({ threads: 2, kernels: "wasm" });
    await engine.close();
    expect(engine.identity).toEqual({
      name: "portable",
      version: manifest.version,
      device: "cpu",
      kernels: "wasm",
      threads: 2,
    });
  });

  it.skipIf(!hasNative())("run natively on this machine", async () => {
    const notices: string[] = [];
    const engine = await createPortableEngine({ threads: 1, onNotice: (line) => notices.push(line) });
    await engine.close();
    expect(notices).toEqual([]);
    expect(engine.identity.kernels).toMatch(/^native-(avx512|avx2|sse2|neon)$/);
    expect(nativeCandidate("native-sse2")).toMatchObject({ kernels: { kind: "native", level: 0 } });
  });
});
