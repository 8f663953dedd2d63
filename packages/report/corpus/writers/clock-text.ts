const MINUTE = 60_000
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Caches `2025-09-26T06:56:21` per second: a log needs the same second many times. */
const recent = new Map<number, string>()
const MAX_RECENT = 20_000

function isoSecond(time: number): string {
  const second = Math.floor(time / 1000)
  let text = recent.get(second)
  if (text === undefined) {
    text = new Date(second * 1000).toISOString().slice(0, 19)
    if (recent.size >= MAX_RECENT) recent.clear()
    recent.set(second, text)
  }
  return text
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** `07:56:21` */
export function timeOfDay(time: number, zoneMinutes: number): string {
  return isoSecond(time + zoneMinutes * MINUTE).slice(11)
}

/** `26-Sep-25 07:56:21` */
export function pythonStamp(time: number, zoneMinutes: number): string {
  const date = new Date(Math.floor(time) + zoneMinutes * MINUTE)
  const month = MONTHS[date.getUTCMonth()] ?? ''
  const year = two(date.getUTCFullYear() % 100)
  return `${two(date.getUTCDate())}-${month}-${year} ${timeOfDay(time, zoneMinutes)}`
}

/** `26/Sep/2025:06:56:21 +0000` */
export function accessStamp(time: number): string {
  const date = new Date(Math.floor(time))
  const month = MONTHS[date.getUTCMonth()] ?? ''
  return `${two(date.getUTCDate())}/${month}/${date.getUTCFullYear()}:${timeOfDay(time, 0)} +0000`
}

/** `2025-09-26T06:56:21.123456789Z`; `sequence` makes neighbours differ in the last digits, as in real logs. */
export function nanoStamp(time: number, sequence = 0): string {
  const fraction = time / 1000 - Math.floor(time / 1000)
  const nanos = Math.min(999_999_999, Math.floor(fraction * 1e9) + (sequence % 97))
  return `${isoSecond(time)}.${String(nanos).padStart(9, '0')}Z`
}

/** `2025-09-26 06:56:21.123456+00:00` */
export function brokerStamp(time: number): string {
  return `${nanoStamp(time).slice(0, 26).replace('T', ' ')}+00:00`
}

/** `2025-09-26T06:56:21.123456Z` */
export function microStamp(time: number): string {
  return `${nanoStamp(time).slice(0, 26)}Z`
}
