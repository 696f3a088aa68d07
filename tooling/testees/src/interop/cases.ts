import type { CallOptions } from "@micro/client";
import { Channel, type Metadata } from "@micro/core";
import { Empty } from "../gen/grpc/testing/empty.ts";
import type { StreamingOutputCallRequest } from "../gen/grpc/testing/messages.ts";
import { all, fails, type InteropCase, same } from "./case.ts";
import { ECHO_INITIAL, ECHO_TRAILING, payloadOf } from "./test-service.ts";

const REQUEST_SIZES = [27_182, 8, 1828, 45_904];
const REPLY_SIZES = [31_415, 9, 2653, 58_979];
const LARGE_REQUEST = 271_828;
const LARGE_REPLY = 314_159;
const STATUS = { code: 2, message: "test status message" };
const SPECIAL_TEXT = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

const output = (size: number, requestSize: number): Partial<StreamingOutputCallRequest> => ({
  responseParameters: [{ size, intervalUs: 0 }],
  payload: payloadOf(requestSize),
});

const largeUnary: InteropCase = async ({ test }) => {
  const { payload } = await test.unaryCall({
    responseSize: LARGE_REPLY,
    payload: payloadOf(LARGE_REQUEST),
  });
  same("bytes of the reply", payload?.body.length, LARGE_REPLY);
};

const clientStreaming: InteropCase = async ({ test }) => {
  const requests = REQUEST_SIZES.map((size) => ({ payload: payloadOf(size) }));
  const { aggregatedPayloadSize } = await test.streamingInputCall(requests);
  same("bytes that the server saw", aggregatedPayloadSize, 74_922);
};

const serverStreaming: InteropCase = async ({ test }) => {
  const replies = await all(
    test.streamingOutputCall({
      responseParameters: REPLY_SIZES.map((size) => ({ size, intervalUs: 0 })),
    }),
  );
  same(
    "bytes of the replies",
    replies.map(({ payload }) => payload?.body.length),
    REPLY_SIZES,
  );
};

/** The cases by their names in gRPC's descriptions. */
export const INTEROP_CASES: Readonly<Record<string, InteropCase>> = {
  async empty_unary({ test }) {
    same("the reply", await test.emptyCall({}), {});
  },

  large_unary: largeUnary,
  client_streaming: clientStreaming,
  server_streaming: serverStreaming,

  // Of the compressed cases what a caller can see: the contents. Run them with --compression=gzip.
  client_compressed_unary: largeUnary,
  server_compressed_unary: largeUnary,
  client_compressed_streaming: clientStreaming,
  server_compressed_streaming: serverStreaming,

  async ping_pong({ test }) {
    const requests = new Channel<Partial<StreamingOutputCallRequest>>();
    const replies = test
      .fullDuplexCall(requests as AsyncIterable<StreamingOutputCallRequest>)
      [Symbol.asyncIterator]();
    for (const [at, size] of REPLY_SIZES.entries()) {
      await requests.send(output(size, REQUEST_SIZES[at] as number));
      const { value } = await replies.next();
      same(`bytes of reply ${at}`, value?.payload?.body.length, size);
    }
    requests.end();
    same("the end", (await replies.next()).done, true);
  },

  async empty_stream({ test }) {
    same("the replies", await all(test.fullDuplexCall([])), []);
  },

  async custom_metadata({ test }) {
    const request = { responseSize: LARGE_REPLY, payload: payloadOf(LARGE_REQUEST) };
    await echoesMetadata((options) => test.unaryCall(request, options));
    const requests = [output(LARGE_REPLY, LARGE_REQUEST)];
    await echoesMetadata((options) => all(test.fullDuplexCall(requests, options)));
  },

  async status_code_and_message({ test }) {
    await fails(test.unaryCall({ responseStatus: STATUS }), "UNKNOWN", STATUS.message);
    await fails(all(test.fullDuplexCall([{ responseStatus: STATUS }])), "UNKNOWN", STATUS.message);
  },

  async special_status_message({ test }) {
    const responseStatus = { code: 2, message: SPECIAL_TEXT };
    await fails(test.unaryCall({ responseStatus }), "UNKNOWN", SPECIAL_TEXT);
  },

  async unimplemented_method({ client }) {
    await fails(unknown(client, "/grpc.testing.TestService/UnimplementedCall"), "UNIMPLEMENTED");
  },

  async unimplemented_service({ client }) {
    await fails(unknown(client, "/grpc.testing.UnimplementedService/UnimplementedCall"), "UNIMPLEMENTED");
  },

  async cancel_after_begin({ test }) {
    const leaving = new AbortController();
    const call = test.streamingInputCall(new Channel<never>(), { signal: leaving.signal });
    // The call has begun when the loop has turned; nothing is sent.
    setImmediate(() => leaving.abort());
    await fails(call, "CANCELLED");
  },

  async cancel_after_first_response({ test }) {
    const leaving = new AbortController();
    const requests = new Channel<ReturnType<typeof output>>();
    const replies = test
      .fullDuplexCall(requests as AsyncIterable<StreamingOutputCallRequest>, { signal: leaving.signal })
      [Symbol.asyncIterator]();
    await requests.send(output(31_415, 27_182));
    same("bytes of the reply", (await replies.next()).value?.payload?.body.length, 31_415);
    leaving.abort();
    await fails(replies.next(), "CANCELLED");
  },

  async timeout_on_sleeping_server({ test }) {
    const requests = new Channel<ReturnType<typeof output>>();
    const call = all(
      test.fullDuplexCall(requests as AsyncIterable<StreamingOutputCallRequest>, { timeoutMs: 1 }),
    );
    requests.send({ payload: payloadOf(27_182) }).catch(() => undefined);
    await fails(call, "TIMEOUT");
  },
};

/** Both come back once, each in its place. */
async function echoesMetadata(call: (options: CallOptions) => Promise<unknown>): Promise<void> {
  const sent = { [ECHO_INITIAL]: "test_initial_metadata_value", [ECHO_TRAILING]: "q6ur" };
  let header: Metadata | undefined;
  let trailer: Metadata | undefined;
  await call({
    metadata: sent,
    onHeader: (metadata) => {
      header = metadata;
    },
    onTrailer: (metadata) => {
      trailer = metadata;
    },
  });
  same("the header", header?.get(ECHO_INITIAL), sent[ECHO_INITIAL]);
  same("the trailer", trailer?.get(ECHO_TRAILING), sent[ECHO_TRAILING]);
}

function unknown(client: Parameters<InteropCase>[0]["client"], endpoint: string): Promise<unknown> {
  return client.call({ service: "grpc.testing", endpoint, message: {}, input: Empty, output: Empty });
}
