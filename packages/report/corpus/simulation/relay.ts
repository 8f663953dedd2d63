import { openBrokerConnection } from './broker.ts'
import type { Chance } from './chance.ts'
import type { FactKinds, RelayFailure } from './facts.ts'
import type { FaultEffect, LoginFailure } from './faults.ts'
import type { Request } from './request.ts'
import { SECOND } from './world.ts'
import type { World } from './world.ts'

/** One request in the relay, with its statements and broker connections. */
export function askRelay(
  world: World,
  request: Request,
  arrivedAt: number,
  chance: Chance,
): { status: number; endedAt: number } {
  return world.plan.relay === 'dotnet'
    ? askDotnetRelay(world, request, arrivedAt, chance)
    : askWarrenRelay(world, request, arrivedAt, chance)
}

/** Two statements, a slow password hash, and a broker connection for every poll. */
function askDotnetRelay(world: World, request: Request, arrivedAt: number, chance: Chance) {
  const { client, method } = request
  const effect = world.schedule.at(arrivedAt, client.name)
  const handling = new RelayRequest(world, request, arrivedAt)
  if (effect.login === 'missing') {
    handling.login(arrivedAt + 0.4, 'missing')
    return handling.end(arrivedAt + 0.9, 401)
  }
  let time = handling.statement('user', arrivedAt + chance.between(0.5, 2), effect, chance)
  if (effect.statementsFail === true) return handling.end(time + 3, 500, 'database')
  if (effect.login === 'unknown user') {
    handling.login(time + 1, 'unknown user')
    return handling.end(time + 2, 401)
  }
  time += chance.between(62, 84)
  if (effect.login === 'wrong password') {
    handling.login(time, 'wrong password')
    return handling.end(time + 1, 401)
  }
  time = handling.statement('nodes', time, effect, chance)
  if (effect.login === 'wrong collection') {
    handling.login(time + 1, 'wrong collection')
    return handling.end(time + 2, 401)
  }
  handling.login(time + 1, 'validated')
  time += 2
  if (effect.delayMs !== undefined) time += chance.between(...effect.delayMs)
  if (effect.relayStatus !== undefined) return handling.end(time + 4, effect.relayStatus, 'defect')
  if (method === 'GET') {
    const broker = openBrokerConnection(world, time, chance)
    if (broker.failure !== undefined) return handling.end(broker.at + 8, 500, broker.failure)
    time = broker.at
  } else {
    time = handling.statement('result', time, effect, chance)
  }
  const answer = request.handle(time, time)
  return handling.end(time + chance.between(34, 52), answer.status)
}

/** A cached login and an empty poll take no time; the poll is held if the client asks for it. */
function askWarrenRelay(world: World, request: Request, arrivedAt: number, chance: Chance) {
  const { client, waitSeconds } = request
  const effect = world.schedule.at(arrivedAt, client.name)
  const handling = new RelayRequest(world, request, arrivedAt)
  const checked = arrivedAt + (effect.login === 'wrong password' ? 70 : chance.between(0.3, 1.2))
  if (effect.login !== undefined) {
    handling.login(checked, effect.login)
    return handling.end(checked + 0.5, 401)
  }
  if (effect.statementsFail === true) return handling.end(checked + 1, 503)
  handling.login(checked, 'validated')
  let time = checked
  if (effect.delayMs !== undefined) time += chance.between(...effect.delayMs)
  if (effect.relayStatus !== undefined) return handling.end(time + 1, effect.relayStatus, 'defect')
  const answer = request.handle(time, time + waitSeconds * SECOND)
  return handling.end(
    answer.at + chance.between(0.4, 3),
    answer.status,
    undefined,
    answer.at - time,
  )
}

/** One request in the relay. */
class RelayRequest {
  readonly #world: World
  readonly #request: Request
  readonly #arrivedAt: number
  #known = false

  constructor(world: World, request: Request, arrivedAt: number) {
    this.#world = world
    this.#request = request
    this.#arrivedAt = arrivedAt
  }

  statement(
    about: FactKinds['statement']['about'],
    time: number,
    effect: FaultEffect,
    chance: Chance,
  ): number {
    const failed = effect.statementsFail === true
    const slow = effect.statementMs
    const ms = failed ? chance.between(2, 14) : slow ? chance.between(...slow) : 1
    this.#world.journal.add({ kind: 'statement', at: 'relay', time: time + ms, about, ms, failed })
    return time + ms
  }

  login(time: number, outcome: 'validated' | LoginFailure): void {
    const { client, path, requestId } = this.#request
    this.#known = outcome === 'validated'
    this.#world.journal.add({
      kind: 'login',
      at: 'relay',
      time,
      outcome,
      client: outcome === 'missing' ? undefined : wrongName(client.name, outcome),
      collection: client.collection,
      path,
      requestId,
    })
  }

  end(time: number, status: number, failure?: RelayFailure, heldMs = 0) {
    const { client, method, path, requestId } = this.#request
    this.#world.journal.add({
      kind: 'request',
      at: 'relay',
      time,
      method,
      path,
      status,
      durationMs: Math.max(0.1, time - this.#arrivedAt - heldMs),
      heldMs,
      client: this.#known ? client.name : undefined,
      node: this.#known ? client.collection : undefined,
      requestId,
      failure,
    })
    return { status, endedAt: time }
  }
}

/** An unknown user name is usually a mistyped one. */
function wrongName(name: string, outcome: string): string {
  return outcome === 'unknown user' ? `${name}-old` : name
}

/** Simulates the relay's own work: health probes, sweeps for expired tasks, checks of the database and the queue. */
export function runRelay(world: World): void {
  const { plan, schedule, journal, start } = world
  if (plan.starts) journal.add({ kind: 'relay started', at: 'relay', time: start + 120 })
  for (const { from, to } of schedule.periods('relay', ({ stalled }) => stalled === true)) {
    journal.add({ kind: 'relay stalled', at: 'relay', time: from - 1, until: to })
  }
  answerProbes(world)
  if (plan.relay === 'dotnet') sweepForExpired(world)
  else {
    watchStore(world)
    checkDependencies(world)
  }
}

function answerProbes(world: World): void {
  const { plan, schedule, journal, start, end } = world
  const chance = world.chance.fork('probes')
  const paths = plan.relay === 'dotnet' ? ['/healthz'] : ['/livez', '/readyz']
  for (const path of paths) {
    let time = start + chance.between(0, 10 * SECOND)
    for (; time < end; time += 10 * SECOND + chance.between(-3, 3)) {
      const broken = schedule.at(time, 'relay').statementsFail === true && path !== '/livez'
      const durationMs = chance.between(1.2, 4.4)
      const requestId = chance.hex(16)
      const about = { at: 'relay', path, requestId, client: undefined } as const
      if (plan.relay === 'dotnet') {
        journal.add({ ...about, kind: 'login', time, outcome: 'missing', collection: '' })
      }
      journal.add({
        ...about,
        kind: 'request',
        time: time + durationMs,
        method: 'GET',
        status: broken ? 503 : 200,
        durationMs,
        heldMs: 0,
        node: undefined,
        failure: undefined,
      })
    }
  }
}

function sweepForExpired(world: World): void {
  const { schedule, journal, start, end } = world
  const chance = world.chance.fork('sweeps')
  for (let time = start + chance.between(0, 5 * SECOND); time < end; time += 5_004) {
    const failed = schedule.at(time, 'relay').statementsFail === true
    journal.add({ kind: 'expiry sweep', at: 'relay', time })
    journal.add({ kind: 'statement', at: 'relay', time: time + 1, about: 'task', ms: 1, failed })
  }
}

function watchStore({ schedule, journal }: World): void {
  for (const { from, to } of schedule.periods(
    'relay',
    (effect) => effect.statementsFail === true,
  )) {
    journal.add({ kind: 'store lost', at: 'relay', time: from + 40 })
    journal.add({ kind: 'database recovered', at: 'relay', time: to + 250 })
  }
}

/** Warren's relay checks its database and broker every ten seconds. */
function checkDependencies({ schedule, journal, start, end, ...world }: World): void {
  const chance = world.chance.fork('dependencies')
  for (let time = start + chance.between(0, 10 * SECOND); time < end; time += 10 * SECOND + 4) {
    const { statementsFail, statementMs } = schedule.at(time, 'relay')
    const { broker } = schedule.at(time, 'broker')
    const about = { kind: 'dependency checked', at: 'relay', time } as const
    journal.add({
      ...about,
      about: 'database',
      failure: statementsFail === true ? 'database' : undefined,
      ms: statementMs === undefined ? chance.between(0.4, 2) : chance.between(...statementMs),
    })
    journal.add({
      ...about,
      about: 'broker',
      failure: broker === 'refused' || broker === 'login' ? broker : undefined,
      ms: chance.between(0.3, 1.4),
    })
  }
}
