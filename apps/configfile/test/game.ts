import { join } from "node:path";
import {
  createService,
  defineService,
  implement,
  type ServiceDefinition,
  type ServiceOptions,
  subscribe,
} from "@micro/core";
import { type EndedProgram, type Program, runProgram, startProgram } from "@micro/programs";
import { Ball, HITS, type Player, playerContract } from "../src/game.ts";
import { plugins } from "../src/plugins.ts";

const app = join(import.meta.dirname, "..");

/** One of the two files, as it stands in the folder of the app. */
export type File = "defaults.yaml" | "nats.yaml";

export const pathOf = (file: File): string => join(app, file);

type Env = Readonly<Record<string, string>>;

/** Servers of tests listen on the loopback interface alone, and on a busy machine answers take longer. */
const HERE: Env = { SERVER_ADDRESS: "127.0.0.1:0", REGISTRY_QUERY_TIMEOUT: "500ms" };

const withFile = (file: File, env: Env) => ({ cwd: app, args: ["--config", file], env: { ...HERE, ...env } });

/** Starts a player of the game with a file, in a process of its own. */
export function startPlayer(name: Player, file: File, env: Env): Program {
  return startProgram(join(app, `src/${name}.ts`), withFile(file, env));
}

/** Runs a program of the app to its end. */
export function runGame(name: string, file: File, env: Env): Promise<EndedProgram> {
  return runProgram(join(app, `src/${name}.ts`), withFile(file, env));
}

/** What a test says beside the file. */
export type Options = Omit<ServiceOptions<typeof plugins>, "plugins" | "cli" | "configFile">;

/** A service of this process with a file and variables. */
export function createWith(
  file: File,
  env: Env,
  definition: ServiceDefinition<readonly []>,
  options: Options = {},
) {
  return createService(definition, {
    ...options,
    plugins,
    configFile: pathOf(file),
    cli: { argv: [], env: { ...HERE, ...env } },
  } as ServiceOptions<typeof plugins>);
}

/** A service that serves nobody and hears of all hits. */
export async function watchGame(file: File, env: Env, options: Options = {}) {
  const heard: Ball[] = [];
  const waiting = new Set<() => void>();
  const definition = defineService({
    name: "audience",
    subscribers: [
      subscribe<Ball>(
        HITS,
        (ball) => {
          heard.push(ball);
          for (const look of waiting) look();
        },
        { input: Ball },
      ),
    ],
  });
  const service = await createWith(file, env, definition, options);
  /** Resolves when so many hits were heard; rejects after ten seconds. */
  const hears = (count: number): Promise<readonly Ball[]> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(look);
        reject(new Error(`heard of ${heard.length} hits instead of ${count}`));
      }, 10_000);
      const look = (): void => {
        if (heard.length < count) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve([...heard]);
      };
      waiting.add(look);
      look();
    });
  return { service, hears };
}

/** A started service whose player holds every ball until it is let go. */
export async function startHolder(file: File, env: Env) {
  const held: (() => void)[] = [];
  const definition = defineService({
    name: "holder",
    handlers: [
      implement(playerContract("ping"), {
        hit: (ball) => new Promise<Ball>((resolve) => held.push(() => resolve(ball))),
      }),
    ],
  });
  const service = await createWith(file, env, definition);
  await service.start();
  const [record] = await service.registry.get("holder");
  return { service, held, address: record?.nodes[0]?.address ?? "" };
}
