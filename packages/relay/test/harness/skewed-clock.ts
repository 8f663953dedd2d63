/**
 * Loaded before a program: shifts the wall clock of its process by TEST_CLOCK_SKEW_MS, and on each SIGUSR2 to the next of these
 * numbers, separated by commas. The monotonic clock is unchanged.
 */
const RealDate = Date
const skews = (process.env['TEST_CLOCK_SKEW_MS'] ?? '0').split(',').map(Number)
let step = 0
process.on('SIGUSR2', () => (step = Math.min(step + 1, skews.length - 1)))
const now = (): number => RealDate.now() + (skews[step] ?? 0)

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: number[]) =>
    args.length === 0 ? new target(now()) : (Reflect.construct(target, args) as Date),
  get: (target, name) => (name === 'now' ? now : (Reflect.get(target, name) as unknown)),
})
