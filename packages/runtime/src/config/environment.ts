import { readFileSync } from 'node:fs'

import { fileErrorReason } from '../process/file-error.ts'

/** Variables of a Kubernetes Service or Docker link: `RELAY_SERVICE_HOST`, `RELAY_PORT_8080_TCP_ADDR`, … */
const SERVICE_LINK =
  /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/
const SERVICE_LINK_ADDRESS = /^(tcp|udp|sctp):\/\/[^/]+:\d+$/

/** A variable that is set and not blank. */
export interface Variable {
  /** As spelled in the environment. */
  readonly name: string
  readonly text: string
}

export type FileReader = (path: string) => string

/** Names are case-insensitive, and `Section:Key` equals `Section__Key`, as in the .NET relay. */
export function normaliseName(name: string): string {
  return name.replaceAll(':', '__').toUpperCase()
}

/**
 * The environment by normalised name. Blank variables count as unset. For a Service with the name of our prefix,
 * Kubernetes adds variables such as `RELAY_PORT=tcp://10.0.0.1:80` to every pod in the namespace. Those are ignored.
 */
export class Environment {
  readonly #variables = new Map<string, Variable>()
  readonly #readFile: FileReader

  constructor(env: NodeJS.ProcessEnv, readFile: FileReader = (path) => readFileSync(path, 'utf8')) {
    this.#readFile = readFile
    for (const [name, text] of Object.entries(env)) {
      if (text === undefined || text.trim() === '') continue
      const key = normaliseName(name)
      if (SERVICE_LINK.test(key)) continue
      if (key.endsWith('_PORT') && SERVICE_LINK_ADDRESS.test(text)) continue
      // If two spellings are set, the documented one takes precedence.
      if (this.#variables.has(key) && name !== key) continue
      this.#variables.set(key, { name, text })
    }
  }

  get(name: string): Variable | undefined {
    return this.#variables.get(normaliseName(name))
  }

  variables(): Iterable<Variable> {
    return this.#variables.values()
  }

  /** The content of a file with a secret, or why it cannot be read. */
  readFile(path: string): { readonly text: string } | { readonly error: string } {
    try {
      // Editors add a final line end that is not part of the secret.
      return { text: this.#readFile(path).replace(/\r?\n$/, '') }
    } catch (error: unknown) {
      return { error: fileErrorReason(error, 'read') }
    }
  }
}
