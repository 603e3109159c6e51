// `npm run migrations -- --name what-changed` compares core/store/schema.ts with the last migration and writes the next one.
import { defineConfig } from "drizzle-kit";

export default defineConfig({ dialect: "postgresql", schema: "./core/store/schema.ts", out: "./migrations" });
