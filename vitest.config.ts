// Tests run in Node against one real PostgreSQL (test/postgres.ts); the last line counts them (test/closing-line.ts).
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "test/**/*.test.tsx"],
    globalSetup: ["test/postgres.ts"],
    reporters: ["default", "./test/closing-line.ts"],
    environment: "node",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
