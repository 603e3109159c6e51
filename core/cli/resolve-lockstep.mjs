// A loader hook: `import … from "lockstep"` means this installation, wherever the experiment file stands, and TypeScript files are
// ES modules there too, whatever the nearest package.json says, or none.
let lockstep = "";

/** @param {string} url what "lockstep" means */
export function initialize(url) {
  lockstep = url;
}

/** @type {import("node:module").ResolveHook} */
export async function resolve(specifier, context, nextResolve) {
  const resolved = await nextResolve(specifier === "lockstep" ? lockstep : specifier, context);
  const isTypeScript = /\.ts(\?|$)/.test(resolved.url) && !resolved.url.includes("/node_modules/");
  return isTypeScript ? { ...resolved, format: "module" } : resolved;
}
