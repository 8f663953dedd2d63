import { writeAlb, writeNginx } from './access-logs.ts'
import { writeDotnetRelay } from './dotnet-relay.ts'
import { writePythonBunny } from './python-bunny.ts'
import { writeRabbitmq } from './rabbitmq.ts'
import { writeBunnyJson, writeBunnyText } from './warren-bunny.ts'
import { writeRelayJson, writeRelayText } from './warren-relay.ts'
import type { Writer } from './written-line.ts'

export const WRITERS = {
  'python-bunny': writePythonBunny,
  'dotnet-relay': writeDotnetRelay,
  rabbitmq: writeRabbitmq,
  alb: writeAlb,
  nginx: writeNginx,
  'bunny-json': writeBunnyJson,
  'bunny-text': writeBunnyText,
  'relay-json': writeRelayJson,
  'relay-text': writeRelayText,
} as const satisfies Record<string, Writer>

export type WriterName = keyof typeof WRITERS
