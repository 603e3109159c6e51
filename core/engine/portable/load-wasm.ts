// The committed wasm kernels, compiled by V8 once a process.
import { readFileSync } from "node:fs";

let loaded: WebAssembly.Module | null = null;

export function loadWasm(): WebAssembly.Module {
  loaded ??= new WebAssembly.Module(readFileSync(new URL("./prebuilt/kernels.wasm", import.meta.url)));
  return loaded;
}
