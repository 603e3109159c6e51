// A loader hook: `import … from "lockstep"` means this installation, wherever the experiment file stands.
const entry = new URL("../index.ts", import.meta.url).href;

/** @type {import("node:module").ResolveHook} */
export async function resolve(specifier, context, nextResolve) {
  return nextResolve(specifier === "lockstep" ? entry : specifier, context);
}
