import { join } from "node:path";
import { mapConcurrently, runCommand } from "@micro/checks/run-command";
import type { PackedPackage } from "@micro/checks/tarballs";

const bin = join(import.meta.dirname, "../node_modules/.bin");

/** Runs publint and are-the-types-wrong on every tarball; what they object to, one text per package. */
export async function lintTarballs(packed: readonly PackedPackage[]): Promise<readonly string[]> {
  const results = await mapConcurrently(packed, 2, async ({ pkg, tarball }) => {
    const publint = ["publint", "run", tarball, "--strict"];
    const attw = ["attw", tarball, "--profile", "esm-only", "--format", "ascii", "--no-emoji", "--no-color"];
    const problems: string[] = [];
    for (const [tool = "", ...args] of [publint, attw]) {
      const { status, stdout, stderr } = await runCommand(join(bin, tool), args, {
        cwd: import.meta.dirname,
      });
      if (status !== 0)
        problems.push(`${tool} on ${pkg.name} ended with ${status}:\n${stdout}${stderr}`.trimEnd());
    }
    return problems;
  });
  return results.flat();
}
