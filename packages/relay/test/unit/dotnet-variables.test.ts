import { describe, expect, it } from 'vitest'
import { ineffectiveVariables, withHostingVariables } from '../../src/config/dotnet-variables.ts'
import { loadRelayConfig } from '../../src/config/relay-config.ts'

describe('variables of the .NET relay that have no effect', () => {
  it('are named with what to do instead', () => {
    const env = {
      Beacon__Enable: 'true',
      'Serilog:WriteTo:0:Name': 'Seq',
      Serilog__MinimumLevel__Default: 'Information',
      Serilog__MinimumLevel: 'Warning',
      Kestrel__Endpoints__Http__Url: 'http://*:5000',
      ASPNETCORE_FORWARDEDHEADERS_ENABLED: 'true',
      DOTNET_ENVIRONMENT: 'Development',
      AllowedHosts: 'hub.example.org',
    }
    const found = ineffectiveVariables(env)
    expect(found.map(({ name }) => name)).toEqual([
      'Beacon__Enable',
      'Serilog:WriteTo:0:Name',
      'Kestrel__Endpoints__Http__Url',
      'ASPNETCORE_FORWARDEDHEADERS_ENABLED',
      'DOTNET_ENVIRONMENT',
      'AllowedHosts',
    ])
    for (const { hint } of found) expect(hint).toMatch(/^[A-Z].*\.$/)
  })

  it('are not named if they change nothing', () => {
    const env = {
      Beacon__Enable: 'False',
      ASPNETCORE_ENVIRONMENT: 'Production',
      AllowedHosts: '*',
      Kestrel__Limits: '',
      PATH: '/bin',
    }
    expect(ineffectiveVariables(env)).toEqual([])
  })
})

describe('the port of the .NET relay', () => {
  it.each<[NodeJS.ProcessEnv, string, number]>([
    [{}, '0.0.0.0', 8080],
    [{ ASPNETCORE_URLS: 'http://+:5000' }, '0.0.0.0', 5000],
    [{ ASPNETCORE_URLS: 'https://+:5001;http://*:5000' }, '0.0.0.0', 5000],
    [{ ASPNETCORE_URLS: 'http://127.0.0.1' }, '127.0.0.1', 80],
    [{ DOTNET_URLS: 'http://[::1]:5000' }, '::1', 5000],
    [{ ASPNETCORE_HTTP_PORTS: '5000;5002' }, '0.0.0.0', 5000],
    [{ ASPNETCORE_URLS: 'http://127.0.0.1:5000', RELAY_HOST: '10.0.0.1' }, '10.0.0.1', 5000],
    [{ ASPNETCORE_URLS: 'http://+:5000', RELAY_PORT: '6000' }, '0.0.0.0', 6000],
    [{ ASPNETCORE_URLS: 'https://+:5001' }, '0.0.0.0', 8080],
  ])('is used: %j', (env, host, port) => {
    expect(loadRelayConfig(env)).toMatchObject({ host, port })
  })

  it('leaves an environment without it as it is', () => {
    const env = { PATH: '/bin' }
    expect(withHostingVariables(env)).toBe(env)
  })
})

describe('the base URL of the upstream', () => {
  it.each([
    ['https://taskapi.com', 'https://taskapi.com/link_connector_api'],
    ['https://taskapi.com/', 'https://taskapi.com/link_connector_api'],
    ['https://taskapi.com/link_connector_api/', 'https://taskapi.com/link_connector_api'],
    ['https://taskapi.com/prefix', 'https://taskapi.com/prefix/link_connector_api'],
    [
      'https://taskapi.com/link_connector_api/task/',
      'https://taskapi.com/link_connector_api/task/link_connector_api',
    ],
    ['https://taskapi.com/api/v1', 'https://taskapi.com/api/v1'],
  ])('%s means %s', (given, expected) => {
    const { upstreams } = loadRelayConfig({
      UpstreamTaskApi__BaseUrl: given,
      UpstreamTaskApi__CollectionId: 'RQ-CC-EXAMPLE',
      UpstreamTaskApi__Username: 'relay',
      UpstreamTaskApi__Password: 'relay secret',
    })
    expect(upstreams.map(({ baseUrl }) => baseUrl)).toEqual([expected])
  })
})
