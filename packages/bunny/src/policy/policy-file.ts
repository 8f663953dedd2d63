import { open } from 'node:fs/promises'
import { fileErrorReason, type Logger } from '@warren/runtime'
import { sha256 } from '../audit/audit-chain.ts'
import { BunnyEvent } from '../log-events.ts'
import { MAX_POLICY_BYTES, parsePolicy, type PolicyProblem } from './parse-policy.ts'
import { OPEN_POLICY, type SitePolicy } from './site-policy.ts'

/** A policy with the identity of the file it comes from. */
export interface LoadedPolicy {
  readonly policy: SitePolicy
  /** SHA-256 of the file; absent without one. */
  readonly sha256?: string
}

/** A policy file that cannot be used, with its problems as `FILE:LINE:COLUMN: message`. */
export class PolicyFileError extends Error {
  override readonly name = 'PolicyFileError'
}

/** What a re-read found: a new policy, or why the old one stays. */
export type PolicyChange =
  | { readonly kind: 'changed'; readonly sha256: string }
  | { readonly kind: 'invalid'; readonly reason: string }

/** Reads a policy file once. Throws `PolicyFileError`. */
export async function readPolicyFile(path: string): Promise<Required<LoadedPolicy>> {
  const text = await readText(path)
  const parsed = parsePolicy(text)
  if (!parsed.ok) throw new PolicyFileError(formatProblems(path, parsed.problems))
  return { policy: parsed.policy, sha256: sha256(text) }
}

/**
 * The policy of a site. Reads its file again before each question, and keeps the policy it has if the new content is not
 * valid, because a site must not become more open through a typing mistake.
 */
export class PolicyFile {
  readonly #path: string | undefined
  readonly #log: Logger
  readonly #onChange: (change: PolicyChange) => Promise<void>
  #current: LoadedPolicy
  /** The content that was last found to be invalid: it is reported once. */
  #reported: string | undefined
  #reading: Promise<LoadedPolicy> | undefined

  private constructor(
    current: LoadedPolicy,
    options: {
      path: string | undefined
      log: Logger
      onChange: (change: PolicyChange) => Promise<void>
    },
  ) {
    this.#current = current
    this.#path = options.path
    this.#log = options.log
    this.#onChange = options.onChange
  }

  /** Without a path, the policy is open. Throws `PolicyFileError` if the file is not valid. */
  static async open(options: {
    path: string | undefined
    log: Logger
    onChange: (change: PolicyChange) => Promise<void>
  }): Promise<PolicyFile> {
    const { path } = options
    const current = path === undefined ? { policy: OPEN_POLICY } : await readPolicyFile(path)
    return new PolicyFile(current, options)
  }

  /** The policy that applies now. */
  current(): Promise<LoadedPolicy> {
    const path = this.#path
    if (path === undefined) return Promise.resolve(this.#current)
    this.#reading ??= this.#read(path).finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #read(path: string): Promise<LoadedPolicy> {
    try {
      const loaded = await readPolicyFile(path)
      this.#reported = undefined
      if (loaded.sha256 === this.#current.sha256) return this.#current
      this.#current = loaded
      this.#log.info({ path, sha256: loaded.sha256 }, BunnyEvent.policyChanged)
      await this.#onChange({ kind: 'changed', sha256: loaded.sha256 })
    } catch (error: unknown) {
      if (!(error instanceof PolicyFileError)) throw error
      const reason = error.message
      if (reason !== this.#reported) {
        this.#reported = reason
        this.#log.error({ path, reason }, BunnyEvent.policyInvalid)
        await this.#onChange({ kind: 'invalid', reason })
      }
    }
    return this.#current
  }
}

async function readText(path: string): Promise<string> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      if (size > MAX_POLICY_BYTES) {
        throw new PolicyFileError(`${path}: larger than ${String(MAX_POLICY_BYTES)} bytes`)
      }
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error: unknown) {
    if (error instanceof PolicyFileError) throw error
    throw new PolicyFileError(`cannot read ${path}: ${fileErrorReason(error, 'read')}`, {
      cause: error,
    })
  }
}

function formatProblems(path: string, problems: readonly PolicyProblem[]): string {
  return problems
    .map(({ line, column, message }) => `${path}:${String(line)}:${String(column)}: ${message}`)
    .join('; ')
}
