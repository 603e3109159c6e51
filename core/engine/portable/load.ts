// Which kernels run here: the native library made for this machine where it is whole and loads, else wasm. Whether they
// compute the right bits each thread finds out for itself (kernels.mjs: selfTest), against the digest stored at build time.
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { loadWasm } from "./load-wasm.ts";

/** "native-avx2" and "native-sse2" are native without the wider instructions that the CPU may have, for checks. */
export type KernelChoice = "auto" | "native" | "native-avx2" | "native-sse2" | "wasm";

const X64_LEVELS = ["native-sse2", "native-avx2", "native-avx512"]; // LEVEL_* in kernels/cpu.h

/** As worker threads get them. */
export type Kernels =
  | { readonly kind: "wasm"; readonly module: WebAssembly.Module }
  | { readonly kind: "native"; readonly path: string; readonly level: number };

export interface Candidate {
  readonly kernels: Kernels;
  /** As in EngineIdentity. */
  readonly name: string;
}

interface BuildManifest {
  /** Changes whenever a kernel's source does, and with it, possibly, the bits. */
  readonly version: string;
  readonly selfTest: string;
  /** sha256 by file name. */
  readonly files: Readonly<Record<string, string>>;
}

const prebuilt = (file: string): URL => new URL(`./prebuilt/${file}`, import.meta.url);

export const manifest = JSON.parse(readFileSync(prebuilt("kernels.json"), "utf8")) as BuildManifest;

export function wasmCandidate(): Candidate {
  return { kernels: { kind: "wasm", module: loadWasm() }, name: "wasm" };
}

/** Whether a native library is shipped for this kind of machine. */
export function hasNative(): boolean {
  return nativeFile() in manifest.files;
}

/** @returns the native kernels, or why they cannot be used */
export function nativeCandidate(choice: KernelChoice): Candidate | string {
  const file = nativeFile();
  if (!hasNative()) return `there are none for ${process.platform}-${process.arch}`;
  if (!existsSync(prebuilt(file))) return `${file} is missing`;
  const digest = createHash("sha256")
    .update(readFileSync(prebuilt(file)))
    .digest("hex");
  if (digest !== manifest.files[file]) return `${file} is damaged: its sha256 is not the one it was built with`;
  const path = fileURLToPath(prebuilt(file));
  try {
    const addon = createRequire(import.meta.url)(path) as { level(): number };
    const asked = X64_LEVELS.indexOf(choice);
    const level = asked < 0 ? addon.level() : Math.min(asked, addon.level());
    const name = process.arch === "arm64" ? "native-neon" : (X64_LEVELS[level] as string);
    return { kernels: { kind: "native", path, level }, name };
  } catch (error) {
    return `${file} does not load: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function nativeFile(): string {
  return `${process.platform}-${process.arch}.node`;
}
