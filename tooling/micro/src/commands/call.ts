import type { AttemptInfo } from "@micro/client";
import { MicroError } from "@micro/core";
import type { ServiceRecord } from "@micro/registry";
import { countOf, endpointOf, optionalText, textOf } from "../arguments.ts";
import type { CommandArguments, CommandContext } from "../context.ts";
import { EXIT_CODES, type ExitCode } from "../exit-codes.ts";
import { callExitCode, Failure, saysNoSuchEndpoint } from "../failure.ts";
import { endpointHints, isStream } from "../lookup.ts";
import { type MessageForm, messageForm, readMessage } from "../messages.ts";
import type { Output } from "../output.ts";
import { toJson } from "../printable.ts";
import { type Reached, reach } from "../reach.ts";

const MAX_REPEAT = 1_000_000;

interface Called {
  readonly service: string;
  readonly endpoint: string;
  readonly message: unknown;
  readonly form: MessageForm;
}

/** `micro call <service> <endpoint> [body]`. */
export async function call(context: CommandContext, args: CommandArguments): Promise<number> {
  const service = textOf(args, "service");
  const endpoint = endpointOf(args);
  const repeat = countOf(args, "repeat", MAX_REPEAT);
  const form = messageForm(optionalText(args, "content-type"));
  const message = await readMessage(optionalText(args, "body"), { form, what: "the body", context });
  const called = { service, endpoint, message, form };
  return reach(context, { service, args }, async (reached) => {
    if (repeat !== undefined) return await measure(context, reached, { ...called, repeat });
    const attempts: AttemptInfo[] = [];
    try {
      const reply = await callOnce(context, reached, { ...called, attempts });
      await context.output.print(form.show(reply, !context.output.json));
      return EXIT_CODES.ok;
    } catch (error) {
      // They are for hints only: the call's failure is the one to tell.
      const records = await reached.records().catch(() => []);
      throw callFailure(error, { ...called, attempts, records });
    }
  });
}

function callOnce(
  { signal }: CommandContext,
  { connection, options }: Reached,
  { service, endpoint, message, form, attempts }: Called & { readonly attempts: AttemptInfo[] },
): Promise<unknown> {
  return connection.client.call(
    { service, endpoint, message },
    {
      ...options,
      signal,
      contentType: form.contentType,
      onAttempt: (attempt) => attempts.push(attempt),
    },
  );
}

/** Whether all nodes tell their endpoints, and this is none of them. */
function hasNowhere(records: readonly ServiceRecord[], endpoint: string): boolean {
  if (records.length === 0) return false;
  return records.every(
    ({ endpoints }) => endpoints.length > 0 && !endpoints.some(({ name }) => name === endpoint),
  );
}

/** What a call or a stream failed with, and what might help. */
export function callFailure(
  error: unknown,
  {
    service,
    endpoint,
    attempts,
    records,
  }: {
    readonly service: string;
    readonly endpoint: string;
    readonly attempts: readonly AttemptInfo[];
    readonly records: readonly ServiceRecord[];
  },
): unknown {
  if (!MicroError.is(error)) return error;
  const unknown = saysNoSuchEndpoint(error) || (error.code === "NOT_FOUND" && attempts.length === 0);
  const hints = unknown ? [...endpointHints(records, endpoint)] : [];
  if (isStream(records, endpoint) && /stream|broke the protocol/.test(error.detail))
    hints.push(`the endpoint is a stream: micro stream ${service} ${endpoint}`);
  // What speaks for the transport names the option of a configuration; here there is a flag for it.
  const [, client] = /client plugin '(\w+)' \(client\.plugin\)/.exec(error.detail) ?? [];
  if (client !== undefined) hints.push(`--client ${client} speaks the node's protocol`);
  const absent = unknown && hasNowhere(records, endpoint);
  const detail = absent ? "no node of the service has this endpoint" : error.detail;
  return new Failure(`${service} ${endpoint}: ${detail}`, {
    exitCode: callExitCode(error, attempts),
    hints,
    attempts,
    cause: error,
  });
}

/** Calls one after the other and says how long they took. */
async function measure(
  context: CommandContext,
  reached: Reached,
  { repeat, ...called }: Called & { readonly repeat: number },
): Promise<number> {
  const times: number[] = [];
  const nodes: Record<string, number> = {};
  const errors: Record<string, number> = {};
  let exitCode: ExitCode = EXIT_CODES.ok;
  for (let count = 0; count < repeat && !context.signal.aborted; count++) {
    const attempts: AttemptInfo[] = [];
    const start = performance.now();
    try {
      await callOnce(context, reached, { ...called, attempts });
      times.push(performance.now() - start);
    } catch (error) {
      if (context.signal.aborted) break;
      const { code, detail } = MicroError.from(error);
      const text = `${code}: ${detail}`;
      errors[text] = (errors[text] ?? 0) + 1;
      if (exitCode === EXIT_CODES.ok) exitCode = callExitCode(error, attempts);
    }
    const node = attempts.at(-1)?.nodeId;
    if (node !== undefined) nodes[node] = (nodes[node] ?? 0) + 1;
  }
  await printMeasured(context.output, { times, nodes, errors });
  context.signal.throwIfAborted();
  return exitCode;
}

interface Measured {
  readonly times: readonly number[];
  readonly nodes: Readonly<Record<string, number>>;
  readonly errors: Readonly<Record<string, number>>;
}

async function printMeasured(output: Output, { times, nodes, errors }: Measured): Promise<void> {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const round = (ms: number): number => Number(ms.toFixed(3));
  const failed = Object.values(errors).reduce((sum, count) => sum + count, 0);
  const ms = {
    min: round(at(0)),
    p50: round(at(0.5)),
    p95: round(at(0.95)),
    p99: round(at(0.99)),
    max: round(at(1)),
  };
  if (output.json) {
    await output.print(toJson({ calls: times.length + failed, failed, ms, nodes, errors }));
    return;
  }
  const list = (counts: Readonly<Record<string, number>>): string[] =>
    Object.entries(counts).map(([name, count]) => `  ${count} × ${name}`);
  await output.print(
    [
      `${times.length + failed} calls, ${failed} failed`,
      ...(times.length === 0
        ? []
        : [
            Object.entries(ms)
              .map(([name, value]) => `${name} ${value} ms`)
              .join(", "),
          ]),
      ...list(nodes),
      ...list(errors),
    ].join("\n"),
  );
}
