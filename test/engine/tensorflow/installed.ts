// Where the tests find an installed engine: EXP_TEST_TENSORFLOW names its folder, else the repository's own `.exp/engines/tensorflow`.
// Without one the tests that need it are skipped, with the reason in their name.
import { resolve } from "node:path";
import { findInstallation } from "../../../core/engine/tensorflow/installation.ts";

const folder = resolve(process.env["EXP_TEST_TENSORFLOW"] ?? ".exp/engines/tensorflow");

export const isInstalled = findInstallation(folder) !== null;
if (isInstalled) process.env["EXP_TENSORFLOW"] = folder;

/** Put behind the name of a group of tests. */
export const skipReason = isInstalled
  ? ""
  : ` (skipped: no TensorFlow in ${folder}; "npx exp engine install tensorflow")`;

/** Of all tests in a process: TensorFlow fixes the number when it is loaded. */
export const THREADS = 2;
