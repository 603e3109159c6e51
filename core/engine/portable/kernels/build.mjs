// `npm run kernels`: compiles kernels.c into ../prebuilt/, whose files are committed. `-- --check` compiles into a temporary
// folder and compares the bytes with the committed ones; with `--or-skip` only where the compiler can be had. Nothing is replaced
// unless everything was built and accepted.
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { VERSION, compiler } from "./compiler.mjs";
import { layoutOf } from "./layout.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const prebuilt = join(here, "..", "prebuilt");
// no-delete-null-pointer-checks: address 0 + offset is valid in wasm; see vector.h for the rest
const FLAGS = [
  "-O3",
  "-ffp-contract=off",
  "-fno-math-errno",
  "-fno-delete-null-pointer-checks",
  "-fno-sanitize=all",
  "-g0",
].concat([
  "-std=gnu17",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-Wno-psabi",
  "-Wno-unused-function",
  "-Wno-unused-label",
  "-Wno-unused-command-line-argument",
]);
/** What would break the bits, as it is spelt in each target's assembly. */
const FORBIDDEN =
  /\b(vfn?m(add|sub)|fmadd|fmsub|fnmadd|fnmsub|fmla|fmls)[a-z0-9]*|relaxed_|\brcpps|\brsqrtps|\bvrcp|\bvrsqrt/g;

main();

function main() {
  const check = process.argv.includes("--check");
  const out = mkdtempSync(join(tmpdir(), "kernels-"));
  try {
    const zig = process.argv.includes("--or-skip") ? compilerOrNull() : compiler();
    if (zig === null) return;
    buildWasm(zig, out);
    const x64 = {
      avx512: "x86_64+avx+avx2+avx512f+avx512vl+avx512dq+avx512bw",
      avx2: "x86_64+avx+avx2",
      baseline: "x86_64",
    };
    buildNative(zig, out, { file: "linux-x64.node", target: "x86_64-linux-musl", levels: x64 });
    buildNative(zig, out, { file: "linux-arm64.node", target: "aarch64-linux-musl", levels: { baseline: "generic" } });
    writeFileSync(join(out, "kernels.json"), manifest(out));
    const source = (/** @type {string} */ file) => readFileSync(join(here, file), "utf8");
    writeFileSync(join(out, "plan-layout.ts"), layoutOf(source("plan.h"), source("executor.c")));
    const files = readdirSync(out).filter((file) => !file.endsWith(".o") && !file.endsWith(".s"));
    if (check) compare(out, files);
    else for (const file of files) replace(join(out, file), join(prebuilt, file));
    console.log(files.map((file) => `${file} ${readFileSync(join(out, file)).length} bytes`).join("\n"));
  } catch (error) {
    console.error(
      `kernels were not built; prebuilt/ is as it was before: ${error instanceof Error ? error.message : String(error)}`,
    );
    process.exitCode = 1;
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** For CI: where the pinned compiler cannot be had, that is said and nothing is checked. */
function compilerOrNull() {
  try {
    return compiler();
  } catch (error) {
    console.log(
      `kernels not checked: no pinned compiler here (${error instanceof Error ? error.message.split("\n")[0] : error})`,
    );
    return null;
  }
}

/** @param {(args: string[]) => string} zig @param {string} out */
function buildWasm(zig, out) {
  const target = ["-target", "wasm32-freestanding", "-mcpu=generic+simd128+atomics+bulk_memory"];
  const object = compile(zig, join(here, "kernels.c"), join(out, "wasm.o"), target);
  const link = [
    "--no-entry",
    "--import-memory",
    "--shared-memory",
    "--max-memory=4294967296",
    "--export=__stack_pointer",
  ];
  zig(["wasm-ld", ...link, "-z", "stack-size=65536", "--strip-all", "-o", join(out, "kernels.wasm"), object]);
  rejectStaticData(readFileSync(join(out, "kernels.wasm")));
}

/**
 * One library of all levels of a CPU; it needs no C library of its own (memset and memcpy are the process's).
 * @param {(args: string[]) => string} zig @param {string} out
 * @param {{ file: string, target: string, levels: Record<string, string> }} machine levels: the CPU that each is compiled for
 */
function buildNative(zig, out, { file, target, levels }) {
  const headers = join(here, "..", "..", "..", "..", "node_modules", "node-api-headers", "include");
  const flags = ["-target", target, "-fPIC", "-fvisibility=hidden", `-I${headers}`];
  const object = (/** @type {string} */ name) => join(out, `${file}-${name}.o`);
  const kernels = Object.entries(levels).map(([level, cpu]) =>
    compile(zig, join(here, "kernels.c"), object(level), [...flags, `-mcpu=${cpu}`, `-DLEVEL=${level}`]),
  );
  const addon = compile(zig, join(here, "addon.c"), object("addon"), [...flags, `-mcpu=${levels.baseline}`]);
  zig(["ld.lld", "-shared", "-s", "--hash-style=gnu", "--build-id=none", "-o", join(out, file), ...kernels, addon]);
}

/**
 * Compiles to assembly, looks for what is forbidden, then to an object file.
 * @param {(args: string[]) => string} zig @param {string} source @param {string} object @param {string[]} flags
 */
function compile(zig, source, object, flags) {
  const assembly = object.replace(/\.o$/, ".s");
  zig(["cc", ...flags, ...FLAGS, "-S", source, "-o", assembly]);
  const found = new Set(readFileSync(assembly, "utf8").match(FORBIDDEN) ?? []);
  if (found.size > 0) throw new Error(`${object}: forbidden instructions: ${[...found].join(", ")}`);
  zig(["cc", ...flags, ...FLAGS, "-c", source, "-o", object]);
  return object;
}

/** Threads share one memory, which a data segment would initialise. @param {Buffer} bytes */
function rejectStaticData(bytes) {
  const DATA_SECTION = 11;
  for (let at = 8; at < bytes.length;) {
    const section = bytes[at++];
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      size |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    if (section === DATA_SECTION) throw new Error("kernels.wasm has static data; see the rules in vector.h");
    at += size;
  }
}

/** By rename: a process that has the old library loaded keeps it whole. @param {string} from @param {string} to */
function replace(from, to) {
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}

/** What the prebuilt files were made from. @param {string} out */
function manifest(out) {
  const sha256 = (/** @type {string | Buffer} */ bytes) => createHash("sha256").update(bytes).digest("hex");
  const sources = readdirSync(here).filter((file) => /\.[ch]$/.test(file));
  const files = readdirSync(out).filter((file) => /\.(wasm|node)$/.test(file));
  const digests = (/** @type {string} */ folder, /** @type {string[]} */ names) =>
    Object.fromEntries(names.sort().map((name) => [name, sha256(readFileSync(join(folder, name)))]));
  const digestOfSources = digests(here, sources);
  const version = sha256(JSON.stringify(digestOfSources)).slice(0, 12);
  const content = {
    version,
    selfTest: wasmSelfTest(readFileSync(join(out, "kernels.wasm"))),
    compiler: `ziglang ${VERSION}`,
    sources: digestOfSources,
    files: digests(out, files),
  };
  return JSON.stringify(content, null, 2) + "\n";
}

/** What every build must answer to the self-test: wasm defines it. @param {Buffer} bytes */
function wasmSelfTest(bytes) {
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory, nowMs: () => 0 } });
  exports.__stack_pointer.value = memory.buffer.byteLength;
  return BigInt.asUintN(64, exports.selfTest()).toString(16).padStart(16, "0");
}

/** @param {string} out @param {string[]} files */
function compare(out, files) {
  const differing = files.filter((file) => {
    const committed = join(prebuilt, file);
    return !existsSync(committed) || !readFileSync(committed).equals(readFileSync(join(out, file)));
  });
  if (differing.length > 0)
    throw new Error(`differs from what the sources give: ${differing.join(", ")}; run npm run kernels`);
}
