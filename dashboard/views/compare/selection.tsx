/** @jsxImportSource hono/jsx */
// The hidden fields that keep which runs are compared, on what, and how they are grouped, when a form changes something else.
import type { CompareState } from "./state.ts";

interface Props {
  readonly state: CompareState;
  /** Which of them the form itself changes. */
  readonly except?: "group" | "of";
}

export function SelectionFields({ state, except }: Props) {
  return (
    <>
      {state.runs.length > 0 && <input type="hidden" name="runs" value={state.runs.join(",")} />}
      {state.q !== "" && <input type="hidden" name="q" value={state.q} />}
      {except !== "group" && state.group !== "run" && <input type="hidden" name="group" value={state.group} />}
      {except !== "of" && state.of !== "test" && <input type="hidden" name="of" value={state.of} />}
    </>
  );
}
