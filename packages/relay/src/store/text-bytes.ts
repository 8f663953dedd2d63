/** The bytes of what `textBytes` has selected. In memory of their own, unless they are few. */
export function toBytes(text: string | Uint8Array): Buffer {
  if (typeof text === 'string') return Buffer.from(text)
  return Buffer.from(text.buffer, text.byteOffset, text.byteLength)
}
