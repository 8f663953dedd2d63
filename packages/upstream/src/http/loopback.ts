import { BlockList, isIP } from 'node:net'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Whether a host name or address always means this machine. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.+)\]$/, '$1').toLowerCase()
  if (name === 'localhost') return true
  const version = isIP(name)
  return version !== 0 && LOOPBACK.check(name, version === 6 ? 'ipv6' : 'ipv4')
}
