import { expect, it } from 'vitest'
import { renderNetworkPicture } from '../../src/render/html/network-picture.ts'
import { crowdedDocument } from '../fixtures/crowded-document.ts'
import { exampleDocument } from '../fixtures/example-document.ts'

const drawn = (svg: string): string => svg.replaceAll(/\s+/g, ' ')

it('draws every component with a link, and the state of every link', () => {
  const picture = drawn(renderNetworkPicture(exampleDocument).markup)
  const connected = new Set(exampleDocument.links.flatMap(({ from, to }) => [from, to]))
  for (const { id, name } of exampleDocument.components) {
    if (connected.has(id)) expect(picture).toContain(name.slice(0, 12))
  }
  expect(picture).toContain('site-b → relay failing')
  expect(picture.match(/<path/g)?.length).toBe(2 * exampleDocument.links.length)
})

it('draws the clients beyond the limit as one box with their worst state', () => {
  const crowd = crowdedDocument(20)
  const [first, ...others] = crowd.links
  if (first === undefined) throw new Error('the crowd has no links')
  const links = others.map((link, index) =>
    link.kind === 'poll' && index < 10 ? { ...link, state: 'healthy-idle' as const } : link,
  )
  const picture = drawn(renderNetworkPicture({ ...crowd, links: [first, ...links] }).markup)
  expect(picture).toContain('16 more clients')
  // Four of the ten failing clients are drawn; the other six are counted with the healthy ones.
  expect(picture).toContain('16 more clients, at worst failing')
  expect(picture).toContain('>6 failing and 10 healthy…<')
  expect(picture).not.toContain('undefined')
})

it('draws a link through the load balancer if its log contains the client', () => {
  const [poll] = exampleDocument.links.filter(({ kind }) => kind === 'poll')
  const [view] = poll?.views ?? []
  const [one] = exampleDocument.components
  if (poll === undefined || view === undefined || one === undefined)
    throw new Error('the example has no client')
  const loadBalancer = {
    ...one,
    id: 'load-balancer',
    role: 'load-balancer' as const,
    name: 'ingress',
  }
  const behind = { ...poll, id: 'behind', kind: 'load-balancer' as const, from: 'load-balancer' }
  const pathsOf = (side: 'relay' | 'load-balancer'): string =>
    renderNetworkPicture({
      ...exampleDocument,
      components: [...exampleDocument.components, loadBalancer],
      links: [{ ...poll, views: [{ ...view, side }] }, behind],
    }).markup
  // Client, load balancer, relay from left to right: the wire of the client ends at the load balancer or at the relay.
  expect(pathsOf('load-balancer')).toContain('302 30')
  expect(pathsOf('relay')).not.toContain('302 30')
})
