const BLOCK = 512;

/** The files of an npm tarball (plain ustar, everything below one top folder) by their path in the package. */
export function readTar(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let offset = 0; offset + BLOCK <= bytes.length && bytes[offset] !== 0; ) {
    const header = bytes.subarray(offset, offset + BLOCK);
    const size = Number.parseInt(text(header, 124, 12), 8);
    const path = [text(header, 345, 155), text(header, 0, 100)].filter(Boolean).join("/");
    offset += BLOCK;
    if (/^[0\0]$/.test(String.fromCharCode(header[156] ?? 0))) {
      files.set(path.slice(path.indexOf("/") + 1), bytes.subarray(offset, offset + size));
    }
    offset += Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

function text(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end).trim();
}
