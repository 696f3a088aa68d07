import type { BrokerEvent } from "@micro/broker";
import { countOf, optionalText, textOf, timeoutOf } from "../arguments.ts";
import { connected } from "../compose/connect.ts";
import type { CommandArguments, CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { Failure } from "../failure.ts";
import { printableLine, toJson } from "../printable.ts";

const MAX_COUNT = 1_000_000_000;

/** `micro subscribe <topic>`. */
export async function subscribe(context: CommandContext, args: CommandArguments): Promise<number> {
  const { output, signal } = context;
  const topic = textOf(args, "topic");
  const queue = optionalText(args, "queue");
  const count = countOf(args, "count", MAX_COUNT) ?? Infinity;
  const timeoutMs = timeoutOf(args);
  return connected(context, { components: ["broker"], registers: true }, async ({ broker }) => {
    const { promise: over, resolve } = Promise.withResolvers<"count" | "timeout" | "told">();
    let seen = 0;
    const handler = async (event: BrokerEvent): Promise<void> => {
      if (seen >= count) return;
      seen++;
      const last = seen === count;
      await output.print(eventText(event, output.json));
      if (last) resolve("count");
    };
    const subscription = await broker.subscribe(topic, handler, {
      signal,
      ...(queue === undefined ? {} : { queue }),
    });
    const onAbort = (): void => resolve("told");
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => resolve("timeout"), timeoutMs);
    output.note(
      `subscribed to '${topic}'${queue === undefined ? "" : ` in queue '${queue}'`}; Ctrl-C ends it`,
    );
    try {
      const why = await over;
      if (why !== "timeout") return EXIT_CODES.ok;
      if (count === Infinity) return EXIT_CODES.ok;
      throw new Failure(`${seen} of ${count} messages of '${topic}' came in time`, {
        exitCode: EXIT_CODES.timeout,
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      await subscription.unsubscribe();
    }
  });
}

function eventText({ topic, message }: BrokerEvent, json: boolean): string {
  const metadata = Object.fromEntries(message.header);
  const body = bodyOf(message.body, message.header.get("content-type") ?? "");
  if (json) return toJson({ topic, metadata, body });
  return typeof body === "string" ? printableLine(body) : toJson(body);
}

/** JSON as it is meant, other texts as texts, bytes as base64. */
function bodyOf(bytes: Uint8Array, contentType: string): unknown {
  const text = Buffer.from(bytes).toString("utf8");
  if (contentType.includes("json") || contentType === "") {
    try {
      return text.trim() === "" ? null : JSON.parse(text);
    } catch {
      // Whatever the header says, it is no JSON: it is shown as what it is.
    }
  }
  return Buffer.from(text).equals(bytes) ? text : Buffer.from(bytes).toString("base64");
}
