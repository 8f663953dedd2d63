import type { Day, QuietHours } from './site-policy.ts'

/** A moment on the clock of a place. */
export interface LocalTime {
  /** `YYYY-MM-DD` */
  readonly date: string
  readonly day: Day
  readonly minutes: number
}

const DAYS: readonly Day[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** `now` in a time zone; without one, in the zone of the process. */
export function localTime(now: number, zone: string | undefined): LocalTime {
  const parts = new Map(
    new Intl.DateTimeFormat('en-GB', {
      ...(zone === undefined ? {} : { timeZone: zone }),
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
      .formatToParts(now)
      .map(({ type, value }) => [type, value]),
  )
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? ''
  const date = `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}`
  return {
    date,
    day: DAYS[new Date(`${date}T00:00:00Z`).getUTCDay()] ?? 'mon',
    minutes: Number(part('hour')) * 60 + Number(part('minute')),
  }
}

/** The quiet hours that `time` is in, if any. A period that passes midnight belongs to the day on which it begins. */
export function quietHoursAt(
  time: LocalTime,
  periods: readonly QuietHours[],
): QuietHours | undefined {
  const yesterday = DAYS[(DAYS.indexOf(time.day) + 6) % 7] ?? 'sun'
  return periods.find(({ days, from, to }) => {
    if (from < to) return days.includes(time.day) && time.minutes >= from && time.minutes < to
    return (
      (days.includes(time.day) && time.minutes >= from) ||
      (days.includes(yesterday) && time.minutes < to)
    )
  })
}

/** `22:00` */
export function formatClockTime(minutes: number): string {
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

const two = (value: number): string => String(value).padStart(2, '0')
