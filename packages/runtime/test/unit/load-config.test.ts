import { describe, expect, it } from 'vitest'

import {
  booleanSetting,
  choiceSetting,
  ConfigError,
  configurationRows,
  defineConfig,
  durationSetting,
  ExitCode,
  integerSetting,
  loadConfig,
  maskedConfig,
  secretValues,
  setting,
  settingFamily,
  textSetting,
  urlSetting,
  type ConfigProblem,
} from '../../src/index.ts'

const definition = defineConfig({
  program: 'relay',
  prefixes: ['RELAY_', 'DownstreamUsers__'],
  settings: {
    port: setting({
      name: 'RELAY_PORT',
      schema: integerSetting(1, 65_535),
      default: 8080,
      description: 'Port to listen on.',
    }),
    database: setting({
      name: 'RELAY_DATABASE_URL',
      aliases: ['ConnectionStrings__Default'],
      schema: textSetting(),
      secret: true,
      description: 'Database of the tasks.',
    }),
    driver: setting({
      name: 'RELAY_QUEUE',
      schema: choiceSetting(['database', 'rabbitmq']),
      default: 'database',
      description: 'How nodes are notified of tasks.',
    }),
    broker: setting({
      name: 'RELAY_BROKER_URL',
      aliases: ['RelayTaskQueue__ConnectionString'],
      schema: urlSetting(['amqp', 'amqps']).optional(),
      description: 'URL of the broker.',
    }),
    lease: setting({
      name: 'RELAY_LEASE',
      schema: durationSetting({ unit: 's', minMs: 1_000 }),
      default: 60_000,
      unit: 's',
      description: 'Lease of a subtask.',
    }),
    users: settingFamily({
      name: 'DownstreamUsers__<name>__Password',
      pattern: /DownstreamUsers__(?<user>.+)__Password/,
      schema: textSetting(),
      secret: true,
      description: 'Password of a node.',
    }),
  },
  check: ({ driver, broker }) =>
    driver === 'rabbitmq' && broker === undefined
      ? [{ name: 'RELAY_BROKER_URL', message: 'required with RELAY_QUEUE=rabbitmq' }]
      : [],
})

const valid = { RELAY_DATABASE_URL: 'postgres://relay:hunter2@db/relay' }

function problemsOf(
  env: NodeJS.ProcessEnv,
  files: Record<string, string> = {},
): readonly ConfigProblem[] {
  try {
    loadConfig(definition, env, { readFile: fileReader(files) })
  } catch (error: unknown) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  throw new Error('the configuration was accepted')
}

function fileReader(files: Record<string, string>): (path: string) => string {
  return (path) => {
    const text = files[path]
    if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
    return text
  }
}

describe('loadConfig', () => {
  it('uses defaults, and leaves optional settings undefined', () => {
    expect(loadConfig(definition, valid)).toEqual({
      port: 8080,
      database: 'postgres://relay:hunter2@db/relay',
      driver: 'database',
      broker: undefined,
      lease: 60_000,
      users: [],
    })
  })

  it('masks the password of a URL in the wrong variable', () => {
    const [problem] = problemsOf({ ...valid, RELAY_PORT: 'amqp://relay:hunter2@mq:5672' })
    expect(problem?.message).toContain('got "amqp://relay:[REDACTED]@mq:5672"')
  })

  it('reports all problems at once, by variable', () => {
    const problems = problemsOf({ RELAY_PORT: 'abc', RELAY_QUEUE: 'rabitmq', RELAY_LEASE: '5x' })
    expect(problems).toEqual([
      { name: 'RELAY_PORT', message: 'expected a whole number from 1 to 65535, got "abc"' },
      {
        name: 'RELAY_DATABASE_URL',
        message: 'not set, but required',
        hint: 'Set RELAY_DATABASE_URL or RELAY_DATABASE_URL_FILE: Database of the tasks.',
      },
      {
        name: 'RELAY_QUEUE',
        message: 'expected database or rabbitmq (did you mean rabbitmq?), got "rabitmq"',
      },
      {
        name: 'RELAY_LEASE',
        message: 'expected a duration such as 30s or a number of seconds, at least 1s, got "5x"',
      },
    ])
  })

  it('gives exit code 78', () => {
    const error = new ConfigError('relay', [{ name: 'A', message: 'bad', hint: 'Try b.' }])
    expect(error.exitCode).toBe(ExitCode.config)
    expect(ExitCode.config).toBe(78)
    expect(error.message).toBe('1 problem in the configuration of relay:\n  A: bad\n    Try b.')
  })

  it('rejects an unknown variable with a prefix of the program, and suggests a similar one', () => {
    expect(problemsOf({ ...valid, RELAY_PROT: '80' })).toEqual([
      { name: 'RELAY_PROT', message: 'unknown variable', hint: 'Did you mean RELAY_PORT?' },
    ])
  })

  it('suggests nothing if no variable is similar', () => {
    expect(problemsOf({ ...valid, RELAY_SOMETHING_ELSE: '80' })).toEqual([
      { name: 'RELAY_SOMETHING_ELSE', message: 'unknown variable' },
    ])
  })

  it('ignores variables of other programs', () => {
    expect(loadConfig(definition, { ...valid, PATH: '/bin', BUNNY_PORT: 'x' }).port).toBe(8080)
  })

  it('treats a blank variable as unset', () => {
    expect(loadConfig(definition, { ...valid, RELAY_PORT: '', RELAY_LEASE: '  ' }).port).toBe(8080)
    expect(problemsOf({ RELAY_DATABASE_URL: '' })).toHaveLength(1)
  })

  it('reads names in any case', () => {
    const env = { relay_database_url: 'x', Relay_Port: '81' }
    expect(loadConfig(definition, env)).toMatchObject({ database: 'x', port: 81 })
  })

  it('prefers the documented spelling of a name', () => {
    expect(loadConfig(definition, { ...valid, relay_port: '81', RELAY_PORT: '82' }).port).toBe(82)
    expect(loadConfig(definition, { ...valid, RELAY_PORT: '82', relay_port: '81' }).port).toBe(82)
  })

  it.each([
    'ConnectionStrings__Default',
    'CONNECTIONSTRINGS__DEFAULT',
    'ConnectionStrings:Default',
  ])('reads the alias %s', (name) => {
    expect(loadConfig(definition, { [name]: 'x' }).database).toBe('x')
  })

  it('accepts one value under two names, and rejects two values', () => {
    const env = { RELAY_DATABASE_URL: 'x', ConnectionStrings__Default: 'x' }
    expect(loadConfig(definition, env).database).toBe('x')
    expect(problemsOf({ ...env, ConnectionStrings__Default: 'y' })).toEqual([
      {
        name: 'RELAY_DATABASE_URL',
        message: 'RELAY_DATABASE_URL and ConnectionStrings__Default are both set',
        hint: 'Keep one of them.',
      },
    ])
  })

  it('reads a secret from the file that NAME_FILE names, without the final line end', () => {
    const env = { RELAY_DATABASE_URL_FILE: '/run/secrets/db' }
    const readFile = fileReader({ '/run/secrets/db': 'postgres://x\n' })
    expect(loadConfig(definition, env, { readFile }).database).toBe('postgres://x')
  })

  it('names a file of a secret that cannot be read or is empty', () => {
    expect(problemsOf({ RELAY_DATABASE_URL_FILE: '/gone' })).toEqual([
      { name: 'RELAY_DATABASE_URL_FILE', message: 'cannot read /gone: the file does not exist' },
    ])
    expect(problemsOf({ RELAY_DATABASE_URL_FILE: '/empty' }, { '/empty': '\n' })).toEqual([
      { name: 'RELAY_DATABASE_URL_FILE', message: 'the file /empty is empty' },
    ])
  })

  it('rejects a secret with both a value and a file', () => {
    const env = { ...valid, RELAY_DATABASE_URL_FILE: '/run/secrets/db' }
    expect(problemsOf(env)[0]?.message).toBe(
      'RELAY_DATABASE_URL and RELAY_DATABASE_URL_FILE are both set',
    )
  })

  it('rejects NAME_FILE of a setting that is not a secret', () => {
    expect(problemsOf({ ...valid, RELAY_PORT_FILE: '/x' })[0]).toMatchObject({
      name: 'RELAY_PORT_FILE',
      message: 'unknown variable',
    })
  })

  it('never repeats the text of a secret in a problem', () => {
    const secretNumber = defineConfig({
      program: 'x',
      prefixes: [],
      settings: {
        pin: setting({ name: 'PIN', schema: integerSetting(), secret: true, description: 'Pin.' }),
      },
    })
    expect(() => loadConfig(secretNumber, { PIN: 'hunter2' })).toThrow(ConfigError)
    expect(() => loadConfig(secretNumber, { PIN: 'hunter2' })).not.toThrow(/hunter2/)
  })

  it('ignores the variables of a Kubernetes Service with the name of a prefix', () => {
    const links = {
      RELAY_PORT: 'tcp://10.96.0.12:8080',
      RELAY_PORT_8080_TCP: 'tcp://10.96.0.12:8080',
      RELAY_PORT_8080_TCP_ADDR: '10.96.0.12',
      RELAY_PORT_8080_TCP_PORT: '8080',
      RELAY_PORT_8080_TCP_PROTO: 'tcp',
      RELAY_SERVICE_HOST: '10.96.0.12',
      RELAY_SERVICE_PORT: '8080',
      RELAY_SERVICE_PORT_HTTP: '8080',
    }
    expect(loadConfig(definition, { ...valid, ...links }).port).toBe(8080)
  })

  it('runs the check across settings and adds its problems to the others', () => {
    expect(
      problemsOf({ RELAY_QUEUE: 'rabbitmq', RELAY_PORT: '0' }).map(({ name }) => name),
    ).toEqual(['RELAY_PORT', 'RELAY_DATABASE_URL', 'RELAY_BROKER_URL'])
  })

  it('reports only the first problem of a variable', () => {
    const problems = problemsOf({ ...valid, RELAY_QUEUE: 'rabbitmq', RELAY_BROKER_URL: 'http://x' })
    expect(problems).toEqual([
      {
        name: 'RELAY_BROKER_URL',
        message: 'expected a URL that starts with amqp:// or amqps://, got "http://x"',
      },
    ])
  })

  it('reads a family of variables by the key in their names, from files too', () => {
    const env = {
      ...valid,
      'DownstreamUsers__site-b__Password': 'two',
      'DOWNSTREAMUSERS:site-a:PASSWORD': 'one',
      'DownstreamUsers__site-c__Password_FILE': '/c',
    }
    const config = loadConfig(definition, env, { readFile: fileReader({ '/c': 'three' }) })
    expect(config.users.map(({ groups, value }) => [groups['user'], value])).toEqual([
      ['site-a', 'one'],
      ['site-b', 'two'],
      ['site-c', 'three'],
    ])
  })

  it('rejects an unknown member of a family', () => {
    expect(problemsOf({ ...valid, 'DownstreamUsers__site-a__Pasword': 'x' })[0]).toMatchObject({
      name: 'DownstreamUsers__site-a__Pasword',
      message: 'unknown variable',
    })
  })
})

describe('defineConfig', () => {
  it('rejects two settings with the same name', () => {
    const schema = booleanSetting()
    const settings = {
      a: setting({ name: 'A', aliases: ['Section__X'], schema, default: true, description: '.' }),
      b: setting({ name: 'B', aliases: ['section:x'], schema, default: true, description: '.' }),
    }
    expect(() => defineConfig({ program: 'x', prefixes: [], settings })).toThrow(
      'section:x is a name of both A and B',
    )
  })
})

describe('description of a configuration', () => {
  it('masks secrets and passwords in URLs', () => {
    const config = loadConfig(definition, {
      ...valid,
      RELAY_BROKER_URL: 'amqp://relay:hunter2@mq:5672',
      'DownstreamUsers__site-a__Password': 'hunter2',
    })
    expect(maskedConfig(definition, config)).toEqual({
      RELAY_PORT: '8080',
      RELAY_DATABASE_URL: '********',
      RELAY_QUEUE: 'database',
      RELAY_BROKER_URL: 'amqp://relay:********@mq:5672',
      RELAY_LEASE: '1m',
      'DownstreamUsers__site-a__Password': '********',
    })
  })

  it('lists the secrets that a logger must mask', () => {
    const env = { RELAY_DATABASE_URL: 'one', 'DownstreamUsers__site-a__Password': 'two' }
    expect(secretValues(definition, loadConfig(definition, env))).toEqual(['one', 'two'])
  })

  it('contains every setting', () => {
    expect(configurationRows(definition).slice(0, 2)).toEqual([
      {
        name: 'RELAY_PORT',
        aliases: [],
        default: '8080',
        required: false,
        secret: false,
        unit: undefined,
        description: 'Port to listen on.',
      },
      {
        name: 'RELAY_DATABASE_URL',
        aliases: ['ConnectionStrings__Default'],
        default: undefined,
        required: true,
        secret: true,
        unit: undefined,
        description: 'Database of the tasks.',
      },
    ])
  })

  it('formats durations and objects as written in a variable', () => {
    const shown = defineConfig({
      program: 'x',
      prefixes: [],
      settings: {
        wait: setting({
          name: 'WAIT',
          schema: durationSetting({ unit: 's' }),
          default: 90_000,
          description: 'Wait.',
        }),
        limit: setting({
          name: 'LIMIT',
          schema: integerSetting(0),
          default: 60_000,
          description: 'Limit.',
        }),
        store: setting({
          name: 'STORE',
          schema: textSetting().transform((file) => ({ file })),
          default: { file: 'a.db' },
          show: ({ file }) => file,
          description: 'Store.',
        }),
        worker: setting({
          name: 'WORKER',
          schema: textSetting(),
          default: 'pod-7',
          defaultText: 'name of the host',
          description: 'Worker.',
        }),
      },
    })
    expect(configurationRows(shown).map((row) => row.default)).toEqual([
      '90s',
      '60000',
      'a.db',
      'name of the host',
    ])
    expect(maskedConfig(shown, loadConfig(shown, { WAIT: '250ms', STORE: 'b.db' }))).toEqual({
      WAIT: '250ms',
      LIMIT: '60000',
      STORE: 'b.db',
      WORKER: 'pod-7',
    })
  })
})
