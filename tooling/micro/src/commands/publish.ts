import { metadataOf, optionalText, textOf, timeoutOf } from "../arguments.ts";
import { connected } from "../compose/connect.ts";
import type { CommandArguments, CommandContext } from "../context.ts";
import { EXIT_CODES } from "../exit-codes.ts";
import { messageForm, readMessage } from "../messages.ts";
import { toJson } from "../printable.ts";

/** `micro publish <topic> [message]`. */
export async function publish(context: CommandContext, args: CommandArguments): Promise<number> {
  const { output, signal } = context;
  const topic = textOf(args, "topic");
  const timeoutMs = timeoutOf(args);
  const metadata = metadataOf(args);
  const form = messageForm(optionalText(args, "content-type"));
  const message = await readMessage(optionalText(args, "message"), { form, what: "the message", context });
  await connected(context, { components: ["client", "broker"] }, async ({ client }) => {
    await client.publish(topic, message, {
      metadata,
      contentType: form.contentType,
      signal,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  });
  if (output.json) await output.print(toJson({ topic, published: true }));
  return EXIT_CODES.ok;
}
