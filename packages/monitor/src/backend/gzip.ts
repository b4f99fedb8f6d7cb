/** Gzip of a body. The compressor is loaded when it is first needed: most applications never do. */
export async function gzipAsync(body: Uint8Array): Promise<Buffer> {
  const [{ gzip }, { promisify }] = await Promise.all([import("node:zlib"), import("node:util")]);
  return promisify(gzip)(body);
}
