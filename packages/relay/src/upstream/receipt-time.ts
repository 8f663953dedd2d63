import { readFileSync } from 'node:fs'

/** When a task was received, so that another process knows its age even if the clock of the machine was set since. */
export interface ReceiptTime {
  /** By the clock of the machine, ms since the epoch. */
  readonly receivedAt: number
  /** Identifies the start of the machine, if it is known. */
  readonly boot?: string | undefined
  /** Since the start of the machine, ms. */
  readonly upMs?: number | undefined
}

/** Linux has an ID of the present boot. */
const BOOT = readBoot()

export function presentTime(): ReceiptTime {
  return { receivedAt: Date.now(), boot: BOOT, upMs: upMs() }
}

/** The time since then, ms. Only after the machine was started again, its clock decides. */
export function ageOf(time: ReceiptTime): number {
  const isSameBoot = BOOT !== '' && time.boot === BOOT && time.upMs !== undefined
  return Math.max(0, isSameBoot ? upMs() - time.upMs : Date.now() - time.receivedAt)
}

function upMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}

function readBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}
