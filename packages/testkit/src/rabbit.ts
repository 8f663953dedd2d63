import { randomBytes } from 'node:crypto'

import { describeService } from './describe-service.ts'
import { callManager } from './manager/manager-client.ts'
import { startPrivateBroker, type PrivateRabbit } from './manager/private-service.ts'
import { text } from './manager/text-member.ts'
import { configuredUrl, RABBIT } from './services/requirement.ts'

/** A suite that needs RabbitMQ, which runs before the hooks of the suite do. */
export function describeRabbit(title: string, suite: () => void): void {
  describeService(RABBIT, title, suite, rabbitUrl)
}

/** URL of the RabbitMQ of this run, with its default virtual host. */
export async function rabbitUrl(): Promise<string> {
  return configuredUrl(RABBIT) ?? text(await callManager('/rabbit'), 'url')
}

export interface TestVhost extends AsyncDisposable {
  readonly name: string
  readonly url: string
  /**
   * Adds a user who may configure, write and read only what has a name that matches `pattern`, a regular expression.
   * Returns the URL with its login.
   */
  addLimitedUser(pattern: string): Promise<string>
}

/** Creates an empty virtual host. */
export async function createVhost(): Promise<TestVhost> {
  const given = configuredUrl(RABBIT)
  if (given !== undefined) return createVhostOverHttp(given)
  const made = await callManager('/vhost')
  const [vhost, url] = [text(made, 'name'), text(made, 'url')]
  // It is removed with the broker at the end of the run.
  return {
    name: vhost,
    url,
    addLimitedUser: async (pattern) => {
      const user = await callManager(`/limited-user/${vhost}/${encodeURIComponent(pattern)}`)
      return withLogin(url, text(user, 'name'))
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** Starts a RabbitMQ that only the caller uses and can stop. Takes five to ten seconds. */
export function startPrivateRabbit(): Promise<PrivateRabbit> {
  return startPrivateBroker()
}

/** On the broker of WARREN_TEST_AMQP_URL, with its management API. */
async function createVhostOverHttp(broker: string): Promise<TestVhost> {
  const url = new URL(broker)
  const name = `warren_${randomBytes(6).toString('hex')}`
  const user = decodeURIComponent(url.username) || 'guest'
  const password = decodeURIComponent(url.password) || 'guest'
  const management =
    process.env['WARREN_TEST_AMQP_MANAGEMENT_URL'] ?? `http://${url.hostname}:15672`
  const call = async (method: string, path: string, body?: object): Promise<void> => {
    const credentials = Buffer.from(`${user}:${password}`).toString('base64')
    const response = await fetch(new URL(path, management), {
      method,
      headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    if (!response.ok) {
      throw new Error(`${method} ${path} at ${management} returned ${response.status}`)
    }
  }
  await call('PUT', `/api/vhosts/${name}`)
  const everything = { configure: '.*', write: '.*', read: '.*' }
  await call('PUT', `/api/permissions/${name}/${encodeURIComponent(user)}`, everything)
  url.pathname = `/${name}`
  return {
    name,
    url: url.href,
    addLimitedUser: async (pattern) => {
      const limited = `limited-${randomBytes(4).toString('hex')}`
      await call('PUT', `/api/users/${limited}`, { password: limited, tags: '' })
      const permissions = { configure: pattern, write: pattern, read: pattern }
      await call('PUT', `/api/permissions/${name}/${limited}`, permissions)
      return withLogin(url.href, limited)
    },
    [Symbol.asyncDispose]: () => call('DELETE', `/api/vhosts/${name}`),
  }
}

/** The password of a limited user is its name. */
function withLogin(url: string, name: string): string {
  const changed = new URL(url)
  changed.username = name
  changed.password = name
  return changed.href
}
