/** Loaded before a program: shifts the wall clock of its process by TEST_CLOCK_SKEW_MS. The monotonic clock is unchanged. */
const RealDate = Date
const skewMs = Number(process.env['TEST_CLOCK_SKEW_MS'])
const now = (): number => RealDate.now() + skewMs

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: number[]) =>
    args.length === 0 ? new target(now()) : (Reflect.construct(target, args) as Date),
  get: (target, name) => (name === 'now' ? now : (Reflect.get(target, name) as unknown)),
})
