/** One message in the frame of gRPC: a flag, 1 for a compressed one, and the length in four bytes. */
export function frame(message: Uint8Array, flag: 0 | 1 = 0): Buffer {
  const framed = Buffer.allocUnsafe(5 + message.length);
  framed.writeUInt8(flag, 0);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}
