import type { Readable } from "node:stream";
import { protobufCodec } from "@micro/codec-protobuf";
import { createService, defineService } from "@micro/core";
import type { AnyMessageType, MessageType } from "@micro/core/message";
import type { Any } from "@micro/core/wkt";

/** No message of the runner is larger. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Bytes of messages, and what the runner's pipes carry. */
export interface ProtoWire {
  encode<T>(type: MessageType<T>, message: T): Uint8Array;
  decode<T>(type: MessageType<T>, bytes: Uint8Array): T;
  /** The message in an Any. */
  pack<T>(type: MessageType<T>, message: T): Any;
  /** One message with its length before it, as the runner reads it. */
  write<T>(type: MessageType<T>, message: T): void;
}

/** Made with the protobuf codec, as any service has it. */
export async function createProtoWire(): Promise<ProtoWire> {
  const service = await createService(defineService({ name: "conformance-wire" }), {
    plugins: [protobufCodec],
    configFile: false,
  });
  const codec = service.codec.get("application/protobuf");
  const encode = <T>(type: MessageType<T>, message: T): Uint8Array => codec.encode(message, type);
  return {
    encode,
    decode: <T>(type: MessageType<T>, bytes: Uint8Array) => codec.decode(bytes, type) as T,
    pack: (type, message) => ({
      typeUrl: `type.googleapis.com/${(type as AnyMessageType).typeName}`,
      // A copy: the codec may go on writing where it wrote.
      value: Uint8Array.from(encode(type, message)),
    }),
    write(type, message) {
      const bytes = encode(type, message);
      const frame = Buffer.allocUnsafe(4 + bytes.length);
      frame.writeUInt32BE(bytes.length, 0);
      frame.set(bytes, 4);
      process.stdout.write(frame);
    },
  };
}

/** The messages that the runner writes, until it closes the pipe. */
export async function* readFrames(input: Readable): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const chunk of input) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    while (rest.length >= 4) {
      const length = rest.readUInt32BE(0);
      if (length > MAX_BYTES) throw new Error(`the runner announces a message of ${length} bytes`);
      if (rest.length < 4 + length) break;
      yield Uint8Array.from(rest.subarray(4, 4 + length));
      rest = rest.subarray(4 + length);
    }
  }
  if (rest.length > 0) throw new Error(`the runner ended inside a message: ${rest.length} bytes are left`);
}
