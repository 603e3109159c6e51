// What one is told where the engine is not there, does not load, or cannot be installed. Needs no TensorFlow.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createTensorflowEngine, tensorflowAvailability } from "../../../core/engine/tensorflow/index.ts";
import { installTensorflow, type InstallOptions } from "../../../core/engine/tensorflow/install/install.ts";
import { MANIFEST, type Manifest } from "../../../core/engine/tensorflow/installation.ts";

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
    expect(readdirSync(join(home, "engines"))).toEqual([]);
  });

  it("removes what an interrupted installation left", async () => {
    const folder = fakeInstallation("");
    const unfinished = `${folder}.unfinished-999999999`; // no process has that id
    mkdirSync(join(unfinished, "site"), { recursive: true });
    await expect(install({ from: home })).rejects.toThrow("no @tensorflow/tfjs-node-gpu in");
    expect(readdirSync(join(home, "engines"))).toEqual(["tensorflow"]); // the whole one stands
    expect((await tensorflowAvailability()).installed).toBe(true);
  });

  it("takes a package that is installed elsewhere as it is", async () => {
    const modules = join(home, "own", "node_modules");
    const packageFolder = join(modules, "@tensorflow", "tfjs-node-gpu");
    mkdirSync(packageFolder, { recursive: true });
    writeFileSync(join(packageFolder, "package.json"), '{ "main": "index.js" }');
    const backend = "{ isUsingGpuDevice: false, binding: { TF_Version: '2.9.1' } }";
    writeFileSync(
      join(packageFolder, "index.js"),
      `module.exports = { version: { "tfjs-node": "4.22.0" }, backend: () => (${backend}) };`,
    );
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
