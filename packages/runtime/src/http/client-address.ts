import { BlockList, isIP, isIPv4 } from 'node:net'

/** Addresses and ranges, such as `10.0.0.0/8`, of IPv4 and IPv6. */
export class AddressList {
  readonly #list = new BlockList()
  readonly #texts: readonly string[]

  /** @throws RangeError for a text that is neither an address nor a range. */
  constructor(texts: readonly string[]) {
    this.#texts = texts
    for (const text of texts) this.#add(text)
  }

  get isEmpty(): boolean {
    return this.#texts.length === 0
  }

  /** Whether an address is in the list. An IPv4 address may be written as IPv6 (`::ffff:10.0.0.1`). */
  has(address: string): boolean {
    const plain = plainAddress(address)
    if (plain === undefined) return false
    return this.#list.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6')
  }

  /** As configured. */
  toString(): string {
    return this.#texts.join(', ')
  }

  #add(text: string): void {
    const [, address = '', prefix] = /^([^/]+?)(?:\/(\d{1,3}))?$/.exec(text) ?? []
    const plain = plainAddress(address)
    if (plain === undefined) throw new RangeError(`"${text}" is not an address or a range`)
    const bits = isIPv4(plain) ? 32 : 128
    const length = prefix === undefined ? bits : Number(prefix)
    if (length > bits) throw new RangeError(`"${text}" is not an address or a range`)
    this.#list.addSubnet(plain, length, bits === 32 ? 'ipv4' : 'ipv6')
  }
}

/** This machine only. */
export const LOOPBACK = new AddressList(['127.0.0.0/8', '::1'])

/**
 * The address of the client behind trusted proxies. Each proxy appends the address of its peer to X-Forwarded-For, so the
 * list is read from its end, for as long as the sender is trusted. A client can write anything in front of that. What is not
 * an address ends the search, so that it is never used to throttle.
 */
export function clientAddress(
  peer: string | undefined,
  forwardedFor: string | readonly string[] | undefined,
  trusted: AddressList,
): string {
  let address = plainAddress(peer ?? '') ?? ''
  if (trusted.isEmpty || forwardedFor === undefined) return address
  const hops = [forwardedFor].flat().join(',').split(',')
  for (const hop of hops.toReversed()) {
    if (!trusted.has(address)) break
    const sender = plainAddress(withoutPort(hop.trim()))
    if (sender === undefined) break
    address = sender
  }
  return address
}

/**
 * Addresses that are limited together. A customer of an internet provider has a whole /64 network of IPv6 addresses.
 */
export function addressGroup(address: string | undefined): string {
  const plain = plainAddress(address ?? '') ?? ''
  return plain.includes(':') ? `${expandIPv6(plain).slice(0, 4).join(':')}::/64` : plain
}

/** An address without a zone, and IPv4 as IPv4. Undefined if it is not an address. */
function plainAddress(text: string): string | undefined {
  const address = text.replace(/%.*$/, '').toLowerCase()
  if (isIP(address) === 0) return undefined
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  return address
}

/** Some load balancers append the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  return /^\[(.+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop
}

function expandIPv6(address: string): string[] {
  const [head = '', tail] = address.split('::')
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0')
  return [...first, ...zeros, ...last]
}
