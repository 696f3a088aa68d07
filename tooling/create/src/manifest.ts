import type { Kind, Template } from "./kinds.ts";
import { ENGINES, TOOLS } from "./versions.ts";

/** What a package.json is made of. */
export interface ManifestOptions {
  readonly kind: Kind;
  readonly template: Template;
  /** `@acme/broker-mqtt`. */
  readonly packageName: string;
  readonly description: string;
  /** Range of our own packages: `^1.2.3`. */
  readonly range: string;
}

const BUILT = { types: "./dist/index.d.ts", default: "./dist/index.js" };
const CONFORMANCE = { types: "./dist/conformance.d.ts", default: "./dist/conformance.js" };

/** The package.json of a scaffold. */
export function manifestOf(options: ManifestOptions): object {
  const { kind, template, packageName, description, range } = options;
  const ours = (names: readonly string[] = []): Readonly<Record<string, string>> =>
    Object.fromEntries(names.map((name) => [name, range]));
  const head = {
    name: packageName,
    version: "0.1.0",
    description,
    type: "module",
    engines: { node: ENGINES },
  };
  const scripts = { build: "tsc", typecheck: "tsc --noEmit", test: 'node --test "src/**/*.test.ts"' };
  if (kind === "service") {
    return {
      ...head,
      private: true,
      scripts: {
        start: "node dist/main.js",
        dev: "node --watch src/main.ts",
        ...scripts,
        schema: "micro config schema --service ./src/composition.ts --out micro.schema.json",
        prepare: "npm run schema",
      },
      dependencies: ours(template.runtime),
      devDependencies: sorted({ ...ours(template.development), ...TOOLS }),
    };
  }
  const exports = kind === "component" ? { ".": BUILT, "./conformance": CONFORMANCE } : { ".": BUILT };
  return {
    ...head,
    keywords: ["microwire", "go-micro", kind],
    sideEffects: false,
    exports,
    files: ["dist", "!dist/**/*.test.*"],
    scripts: { ...scripts, prepack: "npm run build" },
    ...(template.standIn === undefined || template.standIn.length === 0
      ? {}
      : { dependencies: ours(template.standIn) }),
    peerDependencies: sorted(ours(template.runtime)),
    devDependencies: sorted({ ...ours([...template.runtime, ...template.development]), ...TOOLS }),
  };
}

const sorted = (record: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

/** The tsconfig.json of a scaffold: strict, and erasable syntax only, so that Node runs the sources as they are. */
export const TSCONFIG: object = {
  compilerOptions: {
    target: "es2023",
    lib: ["es2024", "esnext.disposable"],
    module: "nodenext",
    types: ["node"],
    rootDir: "src",
    outDir: "dist",
    declaration: true,
    sourceMap: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noImplicitOverride: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    rewriteRelativeImportExtensions: true,
    skipLibCheck: true,
  },
  include: ["src"],
};
