import { Metadata, MicroError } from "@micro/core";
import { SERVER_ID, type TransportMessage } from "@micro/transport";
import { EMPTY } from "./header-block.ts";
import { type Correlation, HeaderWriter } from "./header-writer.ts";
import { type ControlFields, type ControlName, writeControl } from "./mux-frames.ts";
import type { Outbox } from "./outbox.ts";
import { refusal, type TransportContext } from "./session-parts.ts";

const START = "HTTP/1.1 200 OK\r\n";
const START_CLOSE = "HTTP/1.1 200 OK\r\nConnection: close\r\n";

/** What a server says on one connection. */
export class ServerWriter {
  readonly #outbox: Outbox;
  readonly #context: TransportContext;
  #headers: HeaderWriter;
  #complained = false;

  constructor(outbox: Outbox, context: TransportContext) {
    this.#outbox = outbox;
    this.#context = context;
    this.#headers = new HeaderWriter(START, context.lines, context.settings);
  }

  /** Says `Connection: close` from now on. */
  announceClose(): void {
    this.#headers = new HeaderWriter(START_CLOSE, this.#context.lines, this.#context.settings);
  }

  /** Throws `RESOURCE_EXHAUSTED` or `BAD_REQUEST` for a message that cannot be sent. */
  message(correlation: Correlation, message: TransportMessage): void {
    const refused = refusal(message, this.#context, { waiting: this.#outbox.waiting, id: SERVER_ID });
    if (refused !== undefined) throw refused;
    const block = this.#headers.write(message.header, correlation);
    this.#outbox.message(block, this.#headers.ascii, message.body);
  }

  /** A reply, or what can be said instead of one that cannot be sent. */
  reply(correlation: Correlation, message: TransportMessage): void {
    try {
      this.message(correlation, message);
    } catch (error) {
      // Once for each connection: a peer that does not read shall not fill the log as well.
      if (!this.#complained) {
        this.#context.logger.error("a reply cannot be sent; the caller is told so", { error });
      }
      this.#complained = true;
      this.speak("fail", correlation, MicroError.from(error, { id: SERVER_ID }));
    }
  }

  /** An error of the transport itself, in a form that Go's clients read too (spec 1.11). */
  speak(name: "refuse" | "fail", correlation: Correlation, error: MicroError): void {
    const text = JSON.stringify(error);
    const header = new Metadata().setLower("content-type", "application/json");
    header.setLower("micro-error", text).setLower("x-micro-error", text);
    const block = this.#headers.write(header, correlation);
    this.#outbox.message(`${block}Micro-Mux: ${name}\r\n`, this.#headers.ascii, EMPTY);
  }

  /** A frame of the multiplexing. */
  control(name: ControlName, fields: ControlFields = {}): void {
    writeControl(this.#outbox, START, { name, ...fields });
  }

  /** The last word on a connection that broke the framing. */
  violation(error: Error): void {
    const tooMuch = MicroError.is(error) && error.code === "RESOURCE_EXHAUSTED";
    const status = tooMuch ? "431 Request Header Fields Too Large" : "400 Bad Request";
    const start = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\n`;
    this.#outbox.message(start, true, Buffer.from(error.message.replace(/[^\x20-\x7e]/g, "?")));
  }
}
