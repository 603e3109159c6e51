// Lint: type-aware rules, the import arrows of the design, and the host functions that would break the bits.
import tseslint from "typescript-eslint";
import boundaries from "eslint-plugin-boundaries";

const bitSensitive = [
  "core/data/**",
  "core/model/**",
  "core/engine/**",
  "core/train/**",
  "core/random.ts",
  "core/exact-math.ts",
];
const inexact = [
  "random",
  "exp",
  "expm1",
  "log",
  "log1p",
  "log2",
  "log10",
  "pow",
  "sin",
  "cos",
  "tan",
  "sinh",
  "cosh",
  "tanh",
  "asin",
  "acos",
  "atan",
  "atan2",
  "cbrt",
  "hypot",
];

/** The folders of core/ and dashboard/ and what each may import from. */
const arrows = {
  base: [],
  model: ["base"],
  data: ["base"],
  experiment: ["base", "model", "data", "engine"],
  engine: ["base", "model", "data"],
  train: ["base", "model", "data", "engine", "experiment"],
  store: ["base", "model", "data", "experiment", "train"],
  run: ["base", "model", "data", "experiment", "engine", "train", "store"],
  dashboard: ["base", "store", "experiment", "model", "train"],
  doors: ["base", "experiment", "train", "store"],
  cli: ["doors", "base", "model", "data", "experiment", "engine", "train", "store", "run", "dashboard"],
  index: ["base", "model", "data", "experiment", "engine", "train", "store", "run"],
};

export default tseslint.config(
  { ignores: ["node_modules/", "migrations/", "dashboard/client/vendor/"] },
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", package: "node:test", name: ["test", "it"] }] },
      ],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/require-await": "off", // async is part of some contracts
      eqeqeq: "error",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["core/**/*.ts", "dashboard/**/*.ts", "dashboard/**/*.tsx"],
    plugins: { boundaries },
    settings: {
      "boundaries/elements": [
        { type: "index", pattern: "core/index.ts", partialMatch: false },
        { type: "base", pattern: "core/*.ts", partialMatch: false },
        ...["model", "data", "experiment", "engine", "train", "store", "doors", "run", "cli"].map((type) => ({
          type,
          pattern: `core/${type}`,
        })),
        { type: "dashboard", pattern: "dashboard" },
      ],
    },
    rules: {
      "boundaries/dependencies": [
        "error",
        {
          default: "disallow",
          policies: Object.entries(arrows).map(([from, allowed]) => ({
            from: { element: { type: from } },
            allow: [from, ...allowed].map((type) => ({ to: { element: { type } } })),
          })),
        },
      ],
    },
  },
  {
    files: bitSensitive
      .map((path) => (path.endsWith(".ts") ? path : `${path}/*.ts`))
      .concat("core/engine/**/*.mjs", "core/data/**/*.mjs"),
    rules: {
      "no-restricted-properties": [
        "error",
        ...inexact.map((property) => ({
          object: "Math",
          property,
          message: "The host's bits differ: use core/exact-math.ts or core/random.ts.",
        })),
        { object: "Date", property: "now", message: "No clock where bits are made." },
        { object: "performance", property: "now", message: "No clock where bits are made." },
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "BinaryExpression[operator='**']", message: "The host's pow: use core/exact-math.ts." },
        { selector: "NewExpression[callee.name='Date']", message: "No clock where bits are made." },
      ],
    },
  },
);
