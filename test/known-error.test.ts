import { expect, it } from "vitest";
import { LockstepError } from "../core/errors.ts";
import { knownError } from "../core/known-error.ts";

it("tells a full disk of the database as a matter of storage, not as a fault of ours", () => {
  const error = Object.assign(new Error('could not extend file "base/1/2": No space left on device'), {
    code: "53100",
  });
  const known = knownError(error);
  expect(known).toMatchObject({ code: "storage", exitCode: 1 });
  expect(known.next).toContain("Free space");
});

it("passes our own errors through and calls the rest internal", () => {
  const own = new LockstepError({ code: "usage", message: "no" });
  expect(knownError(own)).toBe(own);
  expect(knownError(new TypeError("x is undefined"))).toMatchObject({
    code: "internal",
    message: "TypeError: x is undefined",
  });
  expect(knownError("a word")).toMatchObject({ code: "internal", message: "a word", exitCode: 2 });
});
