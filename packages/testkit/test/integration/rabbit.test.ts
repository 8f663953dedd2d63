import { readFileSync } from 'node:fs'

import { Connection } from 'rabbitmq-client'
import { expect, it } from 'vitest'

import { createVhost, describeRabbit, startPrivateRabbit, until } from '../../src/index.ts'

function open(url: string): Connection {
  const connection = new Connection({ url, retryLow: 50, retryHigh: 200, connectionTimeout: 5_000 })
  connection.on('error', () => {})
  return connection
}

async function put(url: string, queue: string, text: string): Promise<void> {
  const connection = open(url)
  const publisher = connection.createPublisher({ confirm: true })
  await connection.queueDeclare({ queue, durable: true, arguments: { 'x-queue-type': 'quorum' } })
  await publisher.send({ routingKey: queue, durable: true }, text)
  await publisher.close()
  await connection.close()
}

async function take(url: string, queue: string): Promise<unknown> {
  const connection = open(url)
  try {
    const channel = await connection.acquire()
    const message = await channel.basicGet({ queue, noAck: true })
    await channel.close()
    return message?.body
  } finally {
    await connection.close()
  }
}

describeRabbit('createVhost', () => {
  it('creates a virtual host for quorum queues, separate from others', async () => {
    await using one = await createVhost()
    await using other = await createVhost()
    expect(one.name).not.toBe(other.name)
    await put(one.url, 'node-a', 'hello')
    await expect(take(other.url, 'node-a')).rejects.toThrow(/NOT_FOUND/i)
    expect(await take(one.url, 'node-a')).toBe('hello')
  })
})

describeRabbit('startPrivateRabbit', () => {
  it('keeps messages and port over stop, kill and start', { timeout: 240_000 }, async () => {
    await using server = await startPrivateRabbit()
    await put(server.url, 'node-a', 'one')
    await put(server.url, 'node-a', 'two')
    await server.stop()
    await server.start()
    expect(await until(() => take(server.url, 'node-a'))).toBe('one')
    await server.kill()
    await server.start()
    expect(await until(() => take(server.url, 'node-a'))).toBe('two')
    expect(readFileSync(server.logFile, 'utf8')).toContain('accepting AMQP connection')
  })
})
