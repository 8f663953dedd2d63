const MINUTE = 60_000
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function local(time: number, zoneMinutes: number): Date {
  return new Date(Math.floor(time) + zoneMinutes * MINUTE)
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** `07:56:21` */
export function timeOfDay(time: number, zoneMinutes: number): string {
  return local(time, zoneMinutes).toISOString().slice(11, 19)
}

/** `26-Sep-25 07:56:21` */
export function pythonStamp(time: number, zoneMinutes: number): string {
  const date = local(time, zoneMinutes)
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

/** `2025-09-26T06:56:21.123456789Z`; `sequence` makes neighbours differ in the last digits, as they do in life. */
export function nanoStamp(time: number, sequence = 0): string {
  const date = new Date(Math.floor(time))
  const nanos = Math.floor((time - Math.floor(time)) * 1_000_000)
  const last = String(Math.min(999_999, nanos + (sequence % 97))).padStart(6, '0')
  return `${date.toISOString().slice(0, 23)}${last}Z`
}

/** `2025-09-26 06:56:21.123456+00:00` */
export function brokerStamp(time: number): string {
  return `${nanoStamp(time).slice(0, 26).replace('T', ' ')}+00:00`
}

/** `2025-09-26T06:56:21.123456Z` */
export function microStamp(time: number): string {
  return `${nanoStamp(time).slice(0, 26)}Z`
}
