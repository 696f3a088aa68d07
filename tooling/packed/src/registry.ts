import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import type { PackedPackage } from "@micro/checks/tarballs";
import { readTar } from "./tar.ts";

/** A registry of packed packages on the loopback interface. */
export interface PackedRegistry extends AsyncDisposable {
  /** `http://127.0.0.1:<port>/` */
  readonly url: string;
}

/**
 * Serves tarballs as an npm registry does, so that a package.json that asks for our packages by version installs
 * as it will when they are published. npm asks it for one scope only: `@micro:registry=<url>`.
 */
export async function serveRegistry(packed: readonly PackedPackage[]): Promise<PackedRegistry> {
  const tarballs = new Map<string, Buffer>();
  const packuments = new Map<string, object>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "").slice(1);
    const found = tarballs.get(path) ?? packuments.get(path);
    response.statusCode = found === undefined ? 404 : 200;
    response.end(found instanceof Buffer ? found : JSON.stringify(found ?? { error: `no ${path}` }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  for (const { pkg, tarball } of packed) {
    const bytes = await readFile(tarball);
    const manifest = JSON.parse(readTar(gunzipSync(bytes)).get("package.json")?.toString() ?? "{}") as {
      readonly version: string;
    };
    const { version } = manifest;
    const file = `tarballs/${pkg.name.replace("/", "-")}-${version}.tgz`;
    tarballs.set(file, bytes);
    const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
    packuments.set(pkg.name, {
      name: pkg.name,
      "dist-tags": { latest: version },
      versions: { [version]: { ...manifest, dist: { tarball: url + file, integrity } } },
    });
  }
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
