import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import type { PackedPackage } from "@micro/checks/tarballs";
import type { Manifest } from "@micro/checks/workspace";

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

const BLOCK = 512;

/** The files of an npm tarball (plain ustar, everything below one top folder) by their path in the package. */
function readTar(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let offset = 0; offset + BLOCK <= bytes.length && bytes[offset] !== 0; ) {
    const header = bytes.subarray(offset, offset + BLOCK);
    const size = Number.parseInt(text(header, 124, 12), 8);
    const path = [text(header, 345, 155), text(header, 0, 100)].filter(Boolean).join("/");
    offset += BLOCK;
    if (/^[0\0]$/.test(String.fromCharCode(header[156] ?? 0))) {
      files.set(path.slice(path.indexOf("/") + 1), bytes.subarray(offset, offset + size));
    }
    offset += Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function text(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end).trim();
}
