import { bunnyConfig } from '../../packages/bunny/src/index.ts'
import { relayConfig } from '../../packages/relay/src/index.ts'
import type { Setting } from '../../packages/runtime/src/index.ts'
import { upstreamConfig } from '../../packages/upstream/src/index.ts'

/** A program with its configuration. */
export interface Program {
  readonly title: string
  readonly about: string
  readonly definition: {
    readonly program: string
    readonly prefixes: readonly string[]
    readonly settings: Readonly<Record<string, Setting<unknown>>>
  }
}

export const PROGRAMS: readonly Program[] = [
  {
    title: 'bunny',
    about: 'The program at a site: `warren bunny daemon`.',
    definition: bunnyConfig,
  },
  {
    title: 'relay',
    about: 'The program that hands tasks to nodes: `warren relay serve`.',
    definition: relayConfig,
  },
  {
    title: 'upstream',
    about: 'The service that sends tasks to relays: `warren upstream serve`.',
    definition: upstreamConfig,
  },
]
