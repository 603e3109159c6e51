// Scripts and styles: the files of client/ and a few of the chart libraries' dist files, by known names only.
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import { etag } from "hono/etag";

const CLIENT = fileURLToPath(new URL("../client/", import.meta.url));
const require = createRequire(import.meta.url);

/** Name in the address → file in node_modules. */
const VENDOR: Readonly<Record<string, string>> = {
  "uplot.js": "uplot/dist/uPlot.esm.js",
  "uplot.css": "uplot/dist/uPlot.min.css",
  "echarts.js": "echarts/dist/echarts.esm.min.js",
};

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Serves /client/NAME and /vendor/NAME. */
export function assetRoutes(): Hono {
  const files = new Map<string, string>();
  for (const name of readdirSync(CLIENT)) files.set(`/client/${name}`, join(CLIENT, name));
  for (const [name, module] of Object.entries(VENDOR)) files.set(`/vendor/${name}`, require.resolve(module));
  const app = new Hono();
  for (const [path, file] of files) {
    app.get(path, etag(), async (c) => {
      const maxAge = path.startsWith("/vendor/") ? "max-age=86400" : "no-cache";
      return c.body(new Uint8Array(await readFile(file)), 200, {
        "content-type": TYPES[extname(path)] ?? "application/octet-stream",
        "cache-control": maxAge,
      });
    });
  }
  return app;
}
