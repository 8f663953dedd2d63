// Preloaded into a relay (node --import): its parent sets how far the clock of the process is off, and ends it by ending itself.
const RealDate = globalThis.Date
let offsetMs = Number(process.env['CHAOS_CLOCK_OFFSET_MS'] ?? 0)

globalThis.Date = new Proxy(RealDate, {
  construct: (target, parts: unknown[], newTarget): object =>
    Reflect.construct(target, parts.length === 0 ? [now()] : parts, newTarget) as object,
  apply: () => new RealDate(now()).toString(),
  get: (target, key, receiver): unknown =>
    key === 'now' ? now : Reflect.get(target, key, receiver),
})

function now(): number {
  return RealDate.now() + offsetMs
}

process.on('message', (message: unknown) => {
  if (typeof message === 'object' && message !== null && 'offsetMs' in message) {
    offsetMs = Number(message.offsetMs)
  }
})
process.on('disconnect', () => process.exit(1))
// The channel must not keep the relay alive.
process.channel?.unref()
