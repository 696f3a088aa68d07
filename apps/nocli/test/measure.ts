/** Prints what the two wirings cost: `npx -y pnpm@12.21.0 --filter @micro-apps/nocli measure`, after `build`. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { installPacked, packPackages, withOurDependencies } from "@micro/checks/tarballs";
import { readWorkspace } from "@micro/checks/workspace";
import { startProgram, temporaryFolder } from "@micro/programs";
import { type Bundle, bundle } from "./bundle.ts";
import { configuration, ownGroup } from "./group.ts";

const RUNS = 21;
const APP = join(import.meta.dirname, "..");
const WIRINGS = [
  {
    name: "generated",
    file: "main",
    creates: 'import { createGreeter } from "./wire.gen.ts";\nconst service = await createGreeter();',
  },
  {
    name: "createService",
    file: "runtime",
    creates:
      'import { createService } from "@micro/core";\nimport { definition, options } from "./composition.ts";\nconst service = await createService(definition, options);',
  },
] as const;

/** Loaded before a program: tells standard error, when the service is ready, what that took. */
const PROBE = `
  import { registerHooks } from "node:module";
  let modules = 0;
  if (process.env.COUNT_MODULES) registerHooks({ load: (url, context, next) => (modules++, next(url, context)) });
  const { log } = console;
  console.log = (...texts) => {
    const { user, system } = process.cpuUsage();
    log(...texts);
    console.error(JSON.stringify({ wallMs: performance.now(), cpuMs: (user + system) / 1000, modules }));
  };`;

interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly modules: number;
}

/** The same programs of both wirings compared. */
interface Comparison {
  /** The fastest runs. */
  readonly costs: readonly Cost[];
  /** Processor time of generated wiring per that of createService: the median of pairs that ran one after the other. */
  readonly ratio: number;
}

/** Installs the app's packages as a user would, and gives the names of everything that came. */
async function install(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const needed = withOurDependencies(names, await readWorkspace());
  await installPacked(folder, await packPackages(needed, join(folder, "tarballs")));
  const lock = JSON.parse(await readFile(join(folder, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, unknown>>;
  };
  return Object.keys(lock.packages).filter((path) => path !== "");
}

/** Starts a program, waits until others find its service, and stops it. */
async function runOnce(file: string, env: Readonly<Record<string, string>> = {}): Promise<Cost> {
  const cwd = join(file, "..");
  const program = startProgram(file, {
    cwd,
    env: { NODE_OPTIONS: `--import=${join(cwd, "probe.mjs")}`, ...env },
  });
  try {
    return JSON.parse(await program.line(/^\{"wallMs"/)) as Cost;
  } finally {
    await program.stop();
  }
}

const NONE: Cost = { wallMs: Number.NaN, cpuMs: Number.NaN, modules: Number.NaN };

/** Runs programs in turns, so that whatever slows the machine down slows all of them. */
async function compare(files: readonly string[]): Promise<Comparison> {
  const runs: (readonly Cost[])[] = [];
  for (const file of files) await runOnce(file); // fills the caches of the file system
  for (let run = 0; run < RUNS; run++) {
    const pair: Cost[] = [];
    for (const file of files) pair.push(await runOnce(file));
    runs.push(pair);
  }
  const costs: Cost[] = [];
  for (const [index, file] of files.entries()) {
    const own = runs.map((pair) => pair[index] ?? NONE);
    const { modules } = await runOnce(file, { COUNT_MODULES: "1" });
    const fastest = (of: "wallMs" | "cpuMs"): number => Math.min(...own.map((cost) => cost[of]));
    costs.push({ modules, wallMs: fastest("wallMs"), cpuMs: fastest("cpuMs") });
  }
  const ratios = runs.map(([first = NONE, second = NONE]) => first.cpuMs / second.cpuMs);
  return { costs, ratio: ratios.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN };
}

async function prepare(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "probe.mjs"), PROBE);
  await writeFile(join(folder, "micro.yaml"), configuration(await ownGroup()));
}

function print(rows: readonly (readonly [string, (index: number) => string])[]): void {
  console.log(`| | ${WIRINGS.map(({ name }) => name).join(" | ")} |\n|---|---|---|`);
  for (const [title, cell] of rows)
    console.log(`| ${title} | ${WIRINGS.map((_, index) => cell(index)).join(" | ")} |`);
}

const folder = await temporaryFolder();
try {
  const manifest = JSON.parse(await readFile(join(APP, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const project = join(folder.path, "project");
  const installed = await install(project, Object.keys(manifest.dependencies));
  const withDefaults = await install(join(folder.path, "defaults"), ["@micro/set-defaults"]);
  await cp(join(APP, "src"), join(project, "src"), { recursive: true });
  await prepare(join(project, "src"));
  const bundled = join(folder.path, "bundled");
  await prepare(bundled);
  const bundles: Bundle[] = [];
  for (const { file } of WIRINGS) {
    const made = await bundle(join(project, "src", `${file}.ts`), []);
    await writeFile(join(bundled, `${file}.mjs`), made.code);
    bundles.push(made);
  }
  for (const { file, creates } of WIRINGS) {
    const program = `${creates}\nconsole.log("created");\nawait service.stop();\n`;
    await writeFile(join(project, "src", `${file}-create.ts`), program);
  }
  const created = await compare(WIRINGS.map(({ file }) => join(project, "src", `${file}-create.ts`)));
  const asInstalled = await compare(WIRINGS.map(({ file }) => join(project, "src", `${file}.ts`)));
  const asBundle = await compare(WIRINGS.map(({ file }) => join(bundled, `${file}.mjs`)));

  const kB = (bytes = 0): string => `${Math.round(bytes / 1000)} kB`;
  const times = ({ wallMs, cpuMs } = NONE): string =>
    `${Math.round(wallMs)} ms, of the processor ${Math.round(cpuMs)} ms`;
  print([
    ["packages that `npm install` brings", () => String(installed.length)],
    ["modules that Node loads", (index) => String(asInstalled.costs[index]?.modules)],
    ["time until it is created", (index) => times(created.costs[index])],
    ["time until others find it", (index) => times(asInstalled.costs[index])],
    ["modules in a bundle", (index) => String(bundles[index]?.modules.length)],
    ["bundle", (index) => kB(bundles[index]?.bytes)],
    ["bundle, minified", (index) => kB(bundles[index]?.minifiedBytes)],
    ["time of the bundle until others find it", (index) => times(asBundle.costs[index])],
  ]);
  const percent = ({ ratio }: Comparison): string => `${Math.round(ratio * 100)} %`;
  console.log(
    `\nProcessor time of generated wiring: ${percent(created)} of createService's until the service is created, ` +
      `${percent(asInstalled)} until others find it, ${percent(asBundle)} in a bundle (medians of ${RUNS} pairs). ` +
      `Times are of the fastest runs, Node ${process.version}, ${cpus().length} cores. ` +
      `set-defaults alone brings ${withDefaults.length} packages.`,
  );
} finally {
  await folder.remove();
}
