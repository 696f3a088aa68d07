import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, startProgram, type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chooseDiscovery } from "../src/discovery.ts";
import { buildGoService, findGo } from "../src/go-service.ts";

const folder = join(import.meta.dirname, "..");
const main = join(folder, "src/main.ts");
/** Compiling Go Micro and what it needs from nothing, on two cores that others use too. */
const BUILD_TIMEOUT_MS = 320_000;

let goless: string | undefined;
let empty: TemporaryFolder;

beforeAll(async () => {
  empty = await temporaryFolder();
  const [go, discovery] = await Promise.all([findGo(), chooseDiscovery()]);
  await discovery.cleanUp();
  goless = go.ok ? discovery.reason : go.reason;
  if (goless === undefined) await buildGoService();
}, BUILD_TIMEOUT_MS);

afterAll(() => empty.remove());

test("Go and Node call each other, stream and share events", async (context) => {
  if (goless !== undefined) return context.skip(goless);
  const { status, stdout, stderr } = await runProgram(main, { cwd: folder, timeoutMs: 80_000 });
  const said = stdout.join("\n");
  expect(status, [said, ...stderr].join("\n")).toBe(0);
  expect(said).not.toContain("\u001b");
  expect(said).toMatch(/catalog +1\.0\.0 +127\.0\.0\.1:\d+ +Go +Catalog\.Get, Catalog\.List/);
  expect(said).toMatch(/pricing +1\.0\.0 +127\.0\.0\.1:\d+ +Node +Pricing\.Quote/);
  expect(said).toMatch(/Catalog\.Get, the price from Node +Green tea, 12 there, 4\.50/);
  expect(said).toMatch(/tenant=acme +4\.05/);
  expect(said).toContain("404 NOT_FOUND, id 'catalog': no article 'hat'");
  expect(said).toMatch(/passed on by Go +404 NOT_FOUND, id 'pricing': no price for 'ink'/);
  expect(said).toMatch(/Catalog\.List +Green tea, Blue cup, Ink/);
  expect(said).toMatch(/Go published stock\.changed +Blue cup: 1 left; tenant=acme/);
  expect(stdout.at(-1)).toBe("All promises kept.");
});

test("without Go it says how to get it, and the part in TypeScript runs", async () => {
  const { status, stdout, stderr } = await runProgram(main, {
    cwd: folder,
    env: { PATH: empty.path },
    timeoutMs: 80_000,
  });
  const said = stdout.join("\n");
  expect(status, [said, ...stderr].join("\n")).toBe(0);
  expect(said).toContain("There is no Go on the PATH. Go 1.24 or newer is needed: install it from");
  expect(said).toMatch(/three teas, application\/protobuf +13\.50/);
  expect(said).toMatch(/Node published stock\.changed +Blue cup: 1 left; tenant=acme/);
  expect(said).toMatch(/Orders\.Place +404 NOT_FOUND, id 'go\.micro\.client'/);
  expect(stdout.at(-1)).toBe("All promises of the part in TypeScript kept. What concerns Go did not run.");
});

test("Ctrl-C ends the demo and its services", async () => {
  const program = startProgram(main, { cwd: folder, env: { PATH: empty.path } });
  try {
    await program.line(/Who is there/);
    const { status, stdout } = await program.stop("SIGINT");
    expect(status, stdout.join("\n")).toBe(1);
    expect(stdout.at(-1)).toBe("SIGINT ended the demo.");
  } finally {
    await program.stop("SIGKILL");
  }
});

test("src/gen is what micro generate makes of the .proto", async () => {
  const { status, stdout, stderr } = await runProgram(join(folder, "../../tooling/micro/src/bin.ts"), {
    cwd: folder,
    args: ["generate", "proto/pricing.proto", "--include", "proto", "--service", "pricing", "--check"],
  });
  expect(status, [...stdout, ...stderr].join("\n")).toBe(0);
});

test("what the README shows is what the demo is made of", async () => {
  const readme = await readFile(join(folder, "README.md"), "utf8");
  const sources = new Set<string>();
  for (const name of ["src", "src/gen", "go", "go/pricing", "proto"]) {
    for (const entry of await readdir(join(folder, name), { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const text = await readFile(join(entry.parentPath, entry.name), "utf8");
      // The demo also works without multicast; who copies from the README has no need for that.
      for (const line of text.replaceAll("[...defaults, fileRegistry]", "[...defaults]").split("\n"))
        sources.add(line.trim());
    }
  }
  const blocks = [...readme.matchAll(/^```(?:go|proto|ts\n\/\/ not run:[^\n]*)\n(.*?)^```$/gms)];
  expect(blocks).toHaveLength(8);
  const shown = blocks.flatMap(([, block = ""]) => block.split("\n").map((line) => line.trim()));
  const own = shown.filter((line) => line !== "…" && !sources.has(line));
  expect(own, "lines that are only in the README").toEqual([]);
});
