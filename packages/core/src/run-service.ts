import type { AnyComponent } from "./component.ts";
import type { ServiceDefinition } from "./definition.ts";
import type { AnyPlugin } from "./plugin.ts";
import { createService, type ServiceOptions } from "./service.ts";
import type { CheckedDefinition } from "./service-types.ts";
import { waitForSignals } from "./signals.ts";
import { ExitRequest, StartError } from "./start-error.ts";

/**
 * The whole main program of a service: creates, starts, waits for a signal, stops; a signal on the way there ends it as
 * well, without a failure. Help and version go to standard
 * output, configuration problems to standard error with exit code 1; any other error rejects. It never ends the
 * process itself.
 */
export async function runService<
  const Ps extends readonly AnyPlugin[],
  const Needs extends readonly AnyComponent[] = readonly [],
>(
  definition: ServiceDefinition<Needs> & CheckedDefinition<Needs, Ps>,
  options: ServiceOptions<Ps>,
): Promise<void> {
  await asProgram(async () => {
    const service = await untilSignal((signal) =>
      createService<Ps, Needs>(definition, { ...options, signal: both(signal, options.signal) }),
    );
    await service?.run();
  });
}

/** What `create` makes; undefined when a signal came first, and then nothing of it is left. */
async function untilSignal<T>(create: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const controller = new AbortController();
  const signals = waitForSignals({
    onFirst: (signal) => controller.abort(new Error(`${signal} while the service was created`)),
    onSecond: () => undefined,
  });
  try {
    return await create(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted || error !== controller.signal.reason) throw error;
    return undefined;
  } finally {
    signals.release();
  }
}

function both(signal: AbortSignal, own: AbortSignal | undefined): AbortSignal {
  return own === undefined ? signal : AbortSignal.any([own, signal]);
}

/** Runs `body` as a main program: prints what an {@link ExitRequest} asks for and the problems of a {@link StartError}. */
export async function asProgram(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (ExitRequest.is(error)) {
      process.stdout.write(error.text.endsWith("\n") ? error.text : `${error.text}\n`);
      process.exitCode = error.code;
    } else if (StartError.is(error)) {
      process.stderr.write(`${error.detail}\n`);
      process.exitCode = 1;
    } else throw error;
  }
}
