import type { Quotable } from './evidence-keeper.ts'
import { ProblemHistory } from './problem-history.ts'

const MAX_PEERS = 32

/** One address that connects to a broker. */
export interface BrokerPeer {
  logins: number
  /** Connections that ended before a login; the next login from this address ends the problem. */
  readonly portProbes: ProblemHistory
}

/** Connections to a broker by address; addresses beyond the first 32 are combined. */
export class BrokerPeers {
  readonly #peers = new Map<string, BrokerPeer>()

  loggedIn(address: string, line: Quotable): void {
    const peer = this.#of(address)
    peer.logins++
    peer.portProbes.recover(line)
  }

  portProbed(address: string, line: Quotable, how: string): void {
    const { portProbes } = this.#of(address)
    portProbes.see(line)
    portProbes.detail(how)
  }

  all(): [address: string, peer: BrokerPeer][] {
    return [...this.#peers]
  }

  #of(address: string): BrokerPeer {
    const key = this.#peers.has(address) || this.#peers.size < MAX_PEERS ? address : ''
    let peer = this.#peers.get(key)
    if (peer === undefined) {
      peer = { logins: 0, portProbes: new ProblemHistory() }
      this.#peers.set(key, peer)
    }
    return peer
  }
}
