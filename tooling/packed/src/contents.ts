import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import type { PackedPackage } from "@micro/checks/tarballs";
import type { Manifest } from "@micro/checks/workspace";
import { readTar } from "./tar.ts";

/** What a tarball holds wrongly or lacks, one sentence each. */
export async function checkContents({ pkg, tarball }: PackedPackage): Promise<readonly string[]> {
  const files = readTar(gunzipSync(await readFile(tarball)));
  const problems: string[] = [];
  const manifest = JSON.parse(files.get("package.json")?.toString() ?? "{}") as Manifest;
  const targets = Object.values(manifest.exports ?? {}).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target),
  );
  for (const path of ["README.md", "LICENSE", ...targets.map((target) => target.replace("./", ""))]) {
    if (!files.has(path)) problems.push(`lacks ${path}`);
  }
  for (const path of files.keys()) {
    // What a scaffold begins with, tests included.
    if (path.startsWith("templates/")) continue;
    if (/\.(test|bench)\.|\.tsbuildinfo$|(^|\/)(test|testing|node_modules)\//.test(path))
      problems.push(`must not hold ${path}`);
  }
  const ranges = { ...manifest.dependencies, ...manifest.peerDependencies };
  for (const [name, range] of Object.entries(ranges)) {
    if (range.includes(":"))
      problems.push(`asks for ${name} as "${range}", which only this workspace understands`);
  }
  if (JSON.stringify(manifest.exports ?? {}).includes("@micro/source")) {
    problems.push("still exports the source condition: publishConfig.exports was not applied");
  }
  return problems.map((problem) => `${pkg.name} ${problem}`);
}
