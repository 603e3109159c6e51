/** @jsxImportSource hono/jsx */
// One HTML file that holds everything: the pages' own styles inlined, no script, nothing that is fetched.
import { readFileSync } from "node:fs";
import type { Child } from "hono/jsx";
import { html, raw } from "hono/html";
import { dateTime } from "../format.ts";
import { STYLES } from "../views/layout.tsx";
import { InFile } from "../views/in-file.ts";

interface Props {
  readonly title: string;
  /** Under the title: what it is of. */
  readonly about: Child;
  readonly madeAt: Date;
  readonly children?: Child;
}

/** Forbids what the file does not need, should someone's text slip through. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

export function Document({ title, about, madeAt, children }: Props) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta http-equiv="content-security-policy" content={POLICY} />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{title}</title>
          <style>{raw(styles())}</style>
        </head>
        <body>
          <main id="main">
            <InFile.Provider value>
              <div class="head">
                <div>
                  <h1>{title}</h1>
                  <p class="row muted">{about}</p>
                </div>
              </div>
              {children}
              <p class="small muted">Written by Lockstep, {dateTime(madeAt)} UTC.</p>
            </InFile.Provider>
          </main>
        </body>
      </html>
    </>
  );
}

/** A document as text. */
export async function htmlText(document: Child): Promise<string> {
  return (await html`${document}`).toString();
}

/** The pages' styles, in the order in which pages load them. */
function styles(): string {
  const read = (name: string) => readFileSync(new URL(`../client/${name}`, import.meta.url), "utf8");
  return STYLES.map(read).join("\n");
}
