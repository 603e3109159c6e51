/** @jsxImportSource hono/jsx */
// What went wrong, in the words of the command line.
import type { LockstepError } from "../../core/errors.ts";
import { Page } from "./layout.tsx";

export function errorPage({ message, next }: LockstepError) {
  return (
    <Page title="Error">
      <section class="card empty">
        <h1>{message}</h1>
        {next !== null && <p>{next}</p>}
        <p>
          <a href="/">Experiments</a>
        </p>
      </section>
    </Page>
  );
}
