import { AMQPChannelError, AMQPConnectionError, type Channel } from 'rabbitmq-client'

// Every name on the broker begins with the prefix, so that a user of the broker can be limited to `^warren\..*`. Messages
// are therefore not published to the default exchange.

/** The broker deletes unused queues after this time. */
const QUEUE_EXPIRY_MS = 7 * 86_400_000
/** The broker drops the oldest message of a longer queue. Its subtask is still handed out, from the database. */
const MAX_QUEUE_LENGTH = 10_000

export function nodeQueue(prefix: string, nodeId: string): string {
  return `${prefix}.node.${nodeId}`
}

/** Routes a message to the queue of the node in its routing key. */
export function nodeExchange(prefix: string): string {
  return `${prefix}.nodes`
}

export async function declareExchange(channel: Channel, prefix: string): Promise<void> {
  const exchange = nodeExchange(prefix)
  await channel.exchangeDeclare({ exchange, type: 'direct', durable: true })
}

export async function declareNodeQueue(
  channel: Channel,
  prefix: string,
  nodeId: string,
): Promise<void> {
  const queue = nodeQueue(prefix, nodeId)
  await channel.queueDeclare({
    queue,
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-expires': QUEUE_EXPIRY_MS,
      'x-max-length': MAX_QUEUE_LENGTH,
    },
  })
  await channel.queueBind({ exchange: nodeExchange(prefix), queue, routingKey: nodeId })
}

/** The broker rejected a request, which closes its channel but not the connection. */
export function isRejection(error: unknown, code: string): boolean {
  return (
    error instanceof AMQPChannelError &&
    !(error instanceof AMQPConnectionError) &&
    error.code === code
  )
}
