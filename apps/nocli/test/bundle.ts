import { join } from "node:path";
import { rolldown } from "rolldown";

/** A program in one file. */
export interface Bundle {
  readonly code: string;
  readonly bytes: number;
  readonly minifiedBytes: number;
  /** Absolute paths of the modules whose code is in it. */
  readonly modules: readonly string[];
}

/**
 * Bundles a program of this app with everything that it imports, Node's own modules apart. `conditions` say how packages
 * are found: `@micro/source` for their sources.
 */
export async function bundle(file: string, conditions: readonly string[]): Promise<Bundle> {
  const build = await rolldown({
    input: file,
    platform: "node",
    resolve: { conditionNames: [...conditions, "node", "import", "default"] },
    // The readers of configuration files that a service may do without.
    external: ["smol-toml"],
    logLevel: "silent",
  });
  try {
    const options = { format: "esm", codeSplitting: false } as const;
    const [chunk, ...others] = (await build.generate(options)).output;
    if (others.length > 0) throw new Error(`${file} became more than one file`);
    const [small] = (await build.generate({ ...options, minify: true })).output;
    const { code } = chunk;
    return {
      code,
      bytes: Buffer.byteLength(code),
      minifiedBytes: Buffer.byteLength(small.code),
      modules: Object.entries(chunk.modules)
        .filter(([, { renderedLength }]) => renderedLength > 0)
        .map(([path]) => path)
        .sort(),
    };
  } finally {
    await build.close();
  }
}

/** A program of this app. */
export const source = (name: string): string => join(import.meta.dirname, "../src", name);
