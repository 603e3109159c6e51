/** @jsxImportSource hono/jsx */
// The frame of every page: head, navigation, main. Scripts are modules served from dashboard/client/; none is inline.
import type { Child } from "hono/jsx";
import { raw } from "hono/html";

export interface PageProps {
  readonly title: string;
  /** The path of the navigation entry that is current. */
  readonly section?: string;
  /** Client modules, by file name. */
  readonly scripts?: readonly string[];
  readonly children?: Child;
}

const SECTIONS = [
  ["/", "Experiments"],
  ["/runs", "Runs"],
  ["/sweep", "Sweep"],
  ["/datasets", "Data sets"],
  ["/queue", "Queue"],
  ["/sql", "SQL"],
] as const;

/** Of every page, and of files. */
export const STYLES = [
  "base.css",
  "parts.css",
  "marks.css",
  "tables.css",
  "forms.css",
  "confusion.css",
  "outcomes.css",
  "charts.css",
];

export function Page({ title, section, scripts = [], children }: PageProps) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{`${title} · Lockstep`}</title>
          <link rel="icon" href="/client/icon.svg" type="image/svg+xml" />
          <link rel="stylesheet" href="/vendor/uplot.css" />
          {STYLES.map((name) => (
            <link rel="stylesheet" href={`/client/${name}`} />
          ))}
          <script src="/client/theme.js"></script>
          {["page.js", ...scripts].map((name) => (
            <script type="module" src={`/client/${name}`}></script>
          ))}
        </head>
        <body>
          <a class="skip" href="#main">
            Skip to content
          </a>
          <Header section={section} />
          <main id="main" tabindex={-1}>
            {children}
          </main>
        </body>
      </html>
    </>
  );
}

function Header({ section }: { section: string | undefined }) {
  return (
    <header class="top">
      <a class="brand" href="/">
        <img src="/client/icon.svg" alt="" width="22" height="22" />
        Lockstep
      </a>
      <nav aria-label="Main">
        {SECTIONS.map(([path, name]) => (
          <a href={path} aria-current={section === path ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <button type="button" class="quiet" id="theme" aria-label="Switch between light and dark">
        ◐
      </button>
    </header>
  );
}

/** Data for a client module, read with `readData(id)`; never run as a script. */
export function Data({ id, value }: { id: string; value: unknown }) {
  const json = JSON.stringify(value).replace(/</g, "\\u003c");
  return (
    <script type="application/json" id={id}>
      {raw(json)}
    </script>
  );
}
