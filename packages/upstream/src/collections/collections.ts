import { randomBytes } from 'node:crypto'
import { type Logger, newUuid } from '@warren/runtime'
import { UpstreamError } from '../upstream-error.ts'
import type { UpstreamStore } from '../store/upstream-store.ts'
import type { Collection, CollectionCredentials } from './collection.ts'
import { digestOf, matchesDigest, newPassword } from './password.ts'

export interface CollectionsOptions {
  readonly store: UpstreamStore
  readonly suspendAfterMs: number
  readonly now: () => number
  readonly log: Logger
}

const MAX_COLLECTIONS = 10_000
const MAX_NAME_LENGTH = 100

// Compared for an unknown user name, so that response times do not reveal which names exist.
const UNKNOWN_USER_DIGEST = digestOf('')

/** The collections, their credentials and their last polls. */
export class Collections {
  readonly #store: UpstreamStore
  readonly #suspendAfterMs: number
  readonly #now: () => number
  readonly #log: Logger

  constructor(options: CollectionsOptions) {
    this.#store = options.store
    this.#suspendAfterMs = options.suspendAfterMs
    this.#now = options.now
    this.#log = options.log
  }

  /** @throws UpstreamError INVALID_NAME, NAME_TAKEN, TOO_MANY_COLLECTIONS. */
  add(name: string): CollectionCredentials {
    const known = this.#store.listCollections()
    if (known.length >= MAX_COLLECTIONS) throw new UpstreamError('TOO_MANY_COLLECTIONS')
    // oxlint-disable-next-line eslint/no-control-regex -- rejected in names
    if (name.trim() === '' || name.length > MAX_NAME_LENGTH || /[\u0000-\u001f\u007f]/.test(name)) {
      throw new UpstreamError('INVALID_NAME')
    }
    if (known.some((collection) => collection.name === name)) {
      throw new UpstreamError('NAME_TAKEN', { detail: `The collection "${name}" already exists` })
    }
    const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
    const username = `${slug.replaceAll(/^-+|-+$/g, '') || 'collection'}-${randomBytes(3).toString('hex')}`
    const password = newPassword()
    const id = newUuid()
    this.#store.insertCollection({
      id,
      name,
      username,
      passwordDigest: digestOf(password),
      createdAt: this.#now(),
      lastPollAt: null,
      lastWorker: null,
      suspended: false,
    })
    this.#log.info({ collection: id, name }, 'collection added')
    return { collectionId: id, name, username, password }
  }

  list(): readonly Collection[] {
    return this.#store.listCollections()
  }

  get(id: string): Collection | undefined {
    return this.#store.findCollection(id)
  }

  logIn(username: string, password: string): Collection | undefined {
    const collection = this.#store.findCollectionByUsername(username)
    const matches = matchesDigest(password, collection?.passwordDigest ?? UNKNOWN_USER_DIGEST)
    return matches ? collection : undefined
  }

  /**
   * The collection with this ID or name, or the only collection if the text is empty.
   * @throws UpstreamError NO_COLLECTION, UNKNOWN_COLLECTION, COLLECTION_NEEDED.
   */
  resolve(idOrName: string): Collection {
    const all = this.#store.listCollections()
    if (idOrName === '') {
      const [only] = all
      if (only !== undefined && all.length === 1) return only
      throw new UpstreamError(only === undefined ? 'NO_COLLECTION' : 'COLLECTION_NEEDED')
    }
    const found = all.find(({ id }) => id === idOrName) ?? all.find(({ name }) => name === idOrName)
    if (found === undefined) {
      throw new UpstreamError('UNKNOWN_COLLECTION', { detail: `Unknown collection "${idOrName}"` })
    }
    return found
  }

  /** Records that the collection polled, which ends a suspension. */
  recordPoll(collection: Collection, worker: string): void {
    this.#store.recordPoll(collection.id, this.#now(), worker)
    if (collection.suspended) {
      this.#log.info({ collection: collection.id, name: collection.name }, 'collection resumed')
    }
  }

  /** Suspends collections that stopped polling. */
  sweep(): void {
    for (const { id, name } of this.#store.suspendIdle(this.#now() - this.#suspendAfterMs)) {
      this.#log.warn({ collection: id, name }, 'collection suspended')
    }
  }
}
