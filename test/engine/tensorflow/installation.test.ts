// What one is told where the engine is not there, does not load, or cannot be installed. Needs no TensorFlow.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createTensorflowEngine, tensorflowAvailability } from "../../../core/engine/tensorflow/index.ts";
import { installTensorflow, type InstallOptions } from "../../../core/engine/tensorflow/install/install.ts";
import { runTool } from "../../../core/engine/tensorflow/install/run-tool.ts";
import { findInstallation, MANIFEST, type Manifest } from "../../../core/engine/tensorflow/installation.ts";

const runs = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
const hasTools = runs("python3", "-m", "pip", "--version") && runs("g++", "--version");

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "lockstep-home-"));
  vi.stubEnv("EXP_HOME", home);
  vi.stubEnv("EXP_TENSORFLOW", undefined);
});
afterEach(() => vi.unstubAllEnvs());

function install(change: Partial<InstallOptions> = {}) {
  return installTensorflow({ gpu: false, force: false, onProgress: () => undefined, ...change });
}

/** A package of that name whose code is `code`, and a manifest that points to it. */
function fakeInstallation(code: string, change: Partial<Manifest> = {}): string {
  const folder = join(home, "engines", "tensorflow");
  const packageFolder = join(folder, "node_modules", "@tensorflow", "tfjs-node-gpu");
  mkdirSync(packageFolder, { recursive: true });
  writeFileSync(join(packageFolder, "package.json"), '{ "main": "index.js" }');
  writeFileSync(join(packageFolder, "index.js"), code);
  const versions = { tensorflowVersion: "2.21.0", packageVersion: "4.22.0" };
  const manifest = { modules: "node_modules", ...versions, gpu: false, source: "lockstep", ...change };
  writeFileSync(join(folder, MANIFEST), JSON.stringify(manifest));
  return folder;
}

/** A package that loads, installed elsewhere. @returns its node_modules folder */
function ownPackage(): string {
  const modules = join(home, "own", "node_modules");
  const packageFolder = join(modules, "@tensorflow", "tfjs-node-gpu");
  mkdirSync(packageFolder, { recursive: true });
  writeFileSync(join(packageFolder, "package.json"), '{ "main": "index.js" }');
  const backend = "{ isUsingGpuDevice: false, binding: { TF_Version: '2.9.1' } }";
  const code = `module.exports = { version: { "tfjs-node": "4.22.0" }, backend: () => (${backend}) };`;
  writeFileSync(join(packageFolder, "index.js"), code);
  return modules;
}

describe("without the engine", () => {
  it("asking for it says how it is installed", async () => {
    await expect(createTensorflowEngine({ threads: 2 })).rejects.toMatchObject({
      code: "engine-unavailable",
      next: expect.stringContaining("exp engine install tensorflow") as string,
    });
    expect(await tensorflowAvailability()).toMatchObject({ installed: false, device: null, version: null });
  });

  it("a folder without the manifest, as an interrupted installation leaves, is no installation", async () => {
    mkdirSync(join(home, "engines", "tensorflow", "node_modules"), { recursive: true });
    expect((await tensorflowAvailability()).installed).toBe(false);
    writeFileSync(join(home, "engines", "tensorflow", MANIFEST), "{"); // nor one whose manifest is cut off
    expect((await tensorflowAvailability()).installed).toBe(false);
  });
});

describe("an installation that does not load", () => {
  it("gives the dynamic linker's words and names the library", async () => {
    const words = "libtensorflow_cc.so.2: cannot open shared object file: No such file or directory";
    fakeInstallation(`throw new Error(${JSON.stringify(words)});`);
    await expect(createTensorflowEngine({ threads: 2 })).rejects.toMatchObject({
      code: "engine-unavailable",
      message: expect.stringContaining(words) as string,
      next: expect.stringContaining("libtensorflow_cc.so.2") as string,
    });
    const listed = await tensorflowAvailability();
    expect(listed).toMatchObject({ installed: true, device: null, reason: expect.stringContaining(words) as string });
  });

  it("says so where it was installed for a GPU and none is seen", async () => {
    const backend = "{ isUsingGpuDevice: false, binding: { TF_Version: '2.21.0' } }";
    fakeInstallation(`module.exports = { getBackend: () => "tensorflow", version: {}, backend: () => (${backend}) };`, {
      gpu: true,
    });
    await expect(createTensorflowEngine({ threads: 2 })).rejects.toMatchObject({
      code: "engine-unavailable",
      message: expect.stringContaining("sees none") as string,
      next: expect.stringContaining("nvidia-smi") as string,
    });
    expect(await tensorflowAvailability()).toMatchObject({ installed: true, device: null });
  });
});

describe("installing", () => {
  it("is over at once where the same is installed already", async () => {
    const folder = fakeInstallation("");
    const { already, installation } = await install();
    expect(already).toBe(true);
    expect(installation.folder).toBe(folder);
  });

  it("names pip and the compiler with the command that brings them, and leaves nothing behind", async () => {
    vi.stubEnv("PATH", home);
    vi.stubEnv("CXX", undefined);
    vi.stubEnv("PYTHON", undefined);
    await expect(install()).rejects.toMatchObject({
      code: "engine-unavailable",
      message: expect.stringMatching(/pip.*C\+\+ compiler/) as string,
      next: expect.stringMatching(/install/) as string,
    });
    expect((await tensorflowAvailability()).installed).toBe(false);
  });

  it.skipIf(!hasTools)("says that the network is the reason where it is, and leaves nothing behind", async () => {
    vi.stubEnv("npm_config_registry", "http://127.0.0.1:9/"); // nobody listens there
    vi.stubEnv("npm_config_cache", join(home, "npm"));
    vi.stubEnv("npm_config_fetch_retries", "0");
    await expect(install()).rejects.toMatchObject({
      code: "data-unreachable",
      next: expect.stringContaining("network, proxy and registry settings") as string,
    });
    expect(readdirSync(join(home, "engines", "tensorflow"))).toEqual([]);
  });

  it("removes what an interrupted installation left, and not what a running one makes", async () => {
    const folder = fakeInstallation("");
    mkdirSync(join(folder, "made-999999999-a", "site"), { recursive: true }); // no process has that id
    mkdirSync(join(folder, `made-${process.ppid}-b`));
    await expect(install({ from: home })).rejects.toThrow("no @tensorflow/tfjs-node-gpu in");
    expect(readdirSync(folder).sort()).toEqual([MANIFEST, `made-${process.ppid}-b`, "node_modules"]); // the whole one stands
    expect((await tensorflowAvailability()).installed).toBe(true);
  });

  it.skipIf(!hasTools)("installs again with the former one standing until the new one is whole", async () => {
    const folder = fakeInstallation("");
    const former = join(folder, "made-999999999-former");
    mkdirSync(former);
    renameSync(join(folder, "node_modules"), join(former, "node_modules"));
    const manifest = JSON.parse(readFileSync(join(folder, MANIFEST), "utf8")) as Manifest;
    writeFileSync(
      join(folder, MANIFEST),
      JSON.stringify({ ...manifest, modules: "made-999999999-former/node_modules" }),
    );
    vi.stubEnv("npm_config_registry", "http://127.0.0.1:9/"); // nobody listens there
    vi.stubEnv("npm_config_cache", join(home, "npm"));
    vi.stubEnv("npm_config_fetch_retries", "0");
    const seen: (string | undefined)[] = [];
    const onProgress = () => seen.push(findInstallation()?.modules);
    await expect(install({ force: true, onProgress })).rejects.toMatchObject({ code: "data-unreachable" });
    expect(new Set([...seen, findInstallation()?.modules])).toEqual(new Set([join(former, "node_modules")]));
    expect(readdirSync(folder).sort()).toEqual([MANIFEST, "made-999999999-former"]);
    await install({ from: ownPackage() });
    expect(readdirSync(folder)).toEqual([MANIFEST]); // the former one went when the new one had its place
  });

  it("removes the former one of the layout before, which stood in the folder itself", async () => {
    const folder = fakeInstallation("");
    mkdirSync(join(folder, "site"));
    for (const name of ["package.json", "package-lock.json", "wheels.txt"]) writeFileSync(join(folder, name), "");
    writeFileSync(join(folder, "notes.txt"), "the user's own");
    await expect(install({ force: true, from: home })).rejects.toThrow("no @tensorflow/tfjs-node-gpu in");
    expect(readdirSync(folder)).toHaveLength(7); // it stands until another is whole
    await install({ force: true, from: ownPackage() });
    expect(readdirSync(folder).sort()).toEqual([MANIFEST, "notes.txt"]);
  });

  it.each([
    ["OSError: [Errno 28] No space left on device", "storage", "Free some space"],
    [
      "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
      "engine-unavailable",
      "pip cache purge",
    ],
    ["npm error code EINTEGRITY", "engine-unavailable", "npm cache clean"],
    ["npm error code ENOTFOUND", "data-unreachable", "network, proxy"],
  ])("says what to do where a tool says %s", async (words, code, advice) => {
    const tool = ["node", "-e", `console.error(${JSON.stringify(words)}); process.exit(1)`] as const;
    const failure = runTool("pip", tool, { next: "another advice" });
    await expect(failure).rejects.toMatchObject({ code, next: expect.stringContaining(advice) as string });
  });

  it("takes a package that is installed elsewhere as it is", async () => {
    const modules = ownPackage();
    const { installation } = await install({ from: modules });
    expect(installation).toMatchObject({ modules, tensorflowVersion: "2.9.1", source: "own", gpu: false });
  });

  it.each([
    ["The Node.js native addon module (tfjs_binding.node) can not be found at path: x", "npm rebuild"],
    ["libtensorflow.so.2: cannot open shared object file: No such file or directory", "libtensorflow.so.2 is missing"],
  ])("says what such a package lacks: %s", async (words, advice) => {
    const modules = join(fakeInstallation(`throw new Error(${JSON.stringify(words)});`), "node_modules");
    await expect(install({ from: modules })).rejects.toMatchObject({
      code: "engine-unavailable",
      message: expect.stringContaining(words) as string,
      next: expect.stringContaining(advice) as string,
    });
  });

  it("refuses a --from without the package", async () => {
    await expect(install({ from: home })).rejects.toThrow("no @tensorflow/tfjs-node-gpu in");
  });
});
