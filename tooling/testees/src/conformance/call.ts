import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions, Client } from "@micro/client";
import { CODES, type Metadata, type Method, MicroError } from "@micro/core";
import type { AnyMessageType, MessageType } from "@micro/core/message";
import { Empty } from "@micro/core/wkt";
import type {
  ClientCompatRequest,
  ClientCompatResponse,
  ClientResponseResult,
} from "../gen/connectrpc/conformance/v1/client_compat.ts";
import { StreamType } from "../gen/connectrpc/conformance/v1/config.ts";
import { type ConformancePayload, ConformanceService } from "../gen/connectrpc/conformance/v1/service.ts";
import type { ProtoWire } from "./wire.ts";

const SERVICE = "connectrpc.conformance.v1";
const KIND = {
  [StreamType.STREAM_TYPE_CLIENT_STREAM]: "clientStream",
  [StreamType.STREAM_TYPE_SERVER_STREAM]: "serverStream",
  [StreamType.STREAM_TYPE_HALF_DUPLEX_BIDI_STREAM]: "bidiStream",
  [StreamType.STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM]: "bidiStream",
} as const;

type Reply = { readonly payload?: ConformancePayload };
type Result = Partial<ClientResponseResult> & { payloads: ConformancePayload[] };

/** Makes the call that the runner asks for. Rejects when it cannot even be tried. */
export async function conformanceCall(
  request: ClientCompatRequest,
  {
    wire,
    client,
    options,
  }: { readonly wire: ProtoWire; readonly client: Client; readonly options: CallOptions },
): Promise<ClientCompatResponse> {
  const call = new ConformanceCall(request, { wire, client, options });
  return { testName: request.testName, response: (await call.run()) as ClientResponseResult };
}

/** One call. */
class ConformanceCall {
  readonly #request: ClientCompatRequest;
  readonly #client: Client;
  readonly #options: CallOptions;
  readonly #leaving = new AbortController();
  readonly #messages: readonly unknown[];
  readonly #types: { readonly input: AnyMessageType; readonly output: AnyMessageType };
  readonly #endpoint: string;
  readonly #result: Result = { payloads: [] };
  #sent = 0;
  /** Resolves when so many replies were read: what a full duplex sender waits for. */
  #gate = Promise.withResolvers<void>();

  constructor(
    request: ClientCompatRequest,
    {
      wire,
      client,
      options,
    }: { readonly wire: ProtoWire; readonly client: Client; readonly options: CallOptions },
  ) {
    const { service = "", method = "", requestMessages, requestHeaders, timeoutMs } = request;
    if (service !== `${SERVICE}.ConformanceService`) throw new Error(`there is no service '${service}'`);
    const key = `${method.charAt(0).toLowerCase()}${method.slice(1)}`;
    const known: Method | undefined = ConformanceService.methods[key as "unary"];
    // What no server has is called without types.
    this.#types = {
      input: (known?.input ?? Empty) as AnyMessageType,
      output: (known?.output ?? Empty) as AnyMessageType,
    };
    this.#endpoint = `ConformanceService.${method}`;
    this.#request = request;
    this.#client = client;
    this.#messages = requestMessages.map(({ value }) =>
      wire.decode(this.#types.input as MessageType<unknown>, value),
    );
    this.#options = {
      ...options,
      signal: this.#leaving.signal,
      metadata: Object.fromEntries(requestHeaders.map(({ name, value }) => [name, value.join(", ")])),
      // A call of ours has a deadline unless it says that it has none.
      timeoutMs: timeoutMs ?? Infinity,
      onHeader: (metadata) => {
        this.#result.responseHeaders = headersOf(metadata);
      },
      onTrailer: (metadata) => {
        this.#result.responseTrailers = headersOf(metadata);
      },
    };
  }

  async run(): Promise<Result> {
    const { streamType, cancel } = this.#request;
    try {
      if (streamType === StreamType.STREAM_TYPE_UNARY) await this.#unary();
      else await this.#stream();
    } catch (thrown) {
      const { code, detail, details } = MicroError.from(thrown);
      this.#result.error = {
        code: CODES[code].grpc,
        message: detail,
        details: [...details],
      } as Result["error"];
      const unary = streamType === StreamType.STREAM_TYPE_UNARY;
      if (!unary && cancel === undefined) {
        this.#result.numUnsentRequests = this.#messages.length - this.#sent;
      }
    }
    return this.#result;
  }

  async #unary(): Promise<void> {
    this.#sent = this.#messages.length;
    this.#afterCloseSend();
    const reply = await this.#client.call<Reply>(
      { service: SERVICE, endpoint: this.#endpoint, message: this.#messages[0], ...this.#types },
      this.#options,
    );
    this.#take(reply);
  }

  async #stream(): Promise<void> {
    const kind = KIND[this.#request.streamType as keyof typeof KIND];
    if (kind === undefined) throw new Error(`there is no stream type ${this.#request.streamType}`);
    const single = kind === "serverStream";
    if (single) {
      this.#sent = 1;
      this.#afterCloseSend();
    }
    const replies = this.#client.stream<Reply>(
      {
        service: SERVICE,
        endpoint: this.#endpoint,
        kind,
        message: single ? this.#messages[0] : this.#requests(),
        ...this.#types,
      },
      this.#options,
    );
    for await (const reply of replies) {
      this.#take(reply);
      this.#gate.resolve();
      this.#gate = Promise.withResolvers<void>();
      if (this.#request.cancel?.afterNumResponses === this.#result.payloads.length) this.#leave();
    }
  }

  async *#requests(): AsyncGenerator<unknown> {
    const { requestDelayMs, streamType, cancel } = this.#request;
    const { signal } = this.#leaving;
    if (cancel?.afterNumResponses === 0) this.#leave();
    for (const message of this.#messages) {
      if (requestDelayMs > 0) await sleep(requestDelayMs, undefined, { signal });
      const answered = this.#gate.promise;
      yield message;
      this.#sent++;
      if (streamType === StreamType.STREAM_TYPE_FULL_DUPLEX_BIDI_STREAM) await answered;
    }
    if (cancel?.beforeCloseSend !== undefined) {
      this.#leave();
      return;
    }
    this.#afterCloseSend();
  }

  #take({ payload }: Reply): void {
    this.#result.payloads.push(payload ?? { data: new Uint8Array(0) });
  }

  #afterCloseSend(): void {
    const ms = this.#request.cancel?.afterCloseSendMs;
    // The smallest pause still lets the call begin.
    if (ms !== undefined) setTimeout(() => this.#leave(), Math.max(1, ms));
  }

  #leave(): void {
    this.#leaving.abort(new MicroError({ code: "CANCELLED", detail: "the runner wants it cancelled" }));
  }
}

/** Values of one key come as one text. */
function headersOf(metadata: Metadata): ClientResponseResult["responseHeaders"] {
  return Array.from(metadata, ([name, value]) => ({ name, value: value.split(/, ?/) }));
}
