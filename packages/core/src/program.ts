import { waitForSignals } from "./signals.ts";
import { ExitRequest } from "./start-error.ts";

/**
 * Creates a service as part of a main program, and runs it until it is told to stop; `own` is a signal of the caller's
 * beside those of the operating system.
 */
export async function runCreated(
  create: (signal: AbortSignal) => Promise<{ run(): Promise<void> }>,
  own: AbortSignal | undefined,
): Promise<void> {
  await asProgram(async () => {
    const service = await untilSignal((signal) => create(both(signal, own)));
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

/**
 * Runs `body` as a main program: prints what an {@link ExitRequest} asks for, and with exit code 1 the text of a
 * `StartError`, or the code and detail of another `MicroError` that is no fault, as of a call that nobody answers. Any
 * other error, such as a fault in the code, rejects.
 */
export async function asProgram(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (ExitRequest.is(error)) {
      process.stdout.write(error.text.endsWith("\n") ? error.text : `${error.text}\n`);
      process.exitCode = error.code;
      return;
    }
    const { errorText } = await import("./failed-step.ts");
    const text = errorText(error);
    if (text === undefined) throw error;
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  }
}
