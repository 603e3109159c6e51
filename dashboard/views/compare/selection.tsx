/** @jsxImportSource hono/jsx */
// The hidden fields that keep which runs are compared, and how they are grouped, when a form changes something else.
import type { CompareState } from "./state.ts";

export function SelectionFields({ state, group = true }: { state: CompareState; group?: boolean }) {
  return (
    <>
      {state.runs.length > 0 && <input type="hidden" name="runs" value={state.runs.join(",")} />}
      {state.q !== "" && <input type="hidden" name="q" value={state.q} />}
      {group && state.group !== "run" && <input type="hidden" name="group" value={state.group} />}
    </>
  );
}
