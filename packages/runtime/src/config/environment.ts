import { readFileSync } from 'node:fs'

/** Variables of a Kubernetes or Docker link: `RELAY_SERVICE_HOST`, `RELAY_PORT_8080_TCP_ADDR`, … */
const SERVICE_LINK =
  /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/
const SERVICE_LINK_ADDRESS = /^(tcp|udp|sctp):\/\/[^/]+:\d+$/

/** A variable that is set to something. */
export interface Variable {
  /** As spelt in the environment. */
  readonly name: string
  readonly text: string
}

export type FileReader = (path: string) => string

/** Names are the same in any case, and `Section:Key` is `Section__Key`, as in the programs that are replaced. */
export function normaliseName(name: string): string {
  return name.replaceAll(':', '__').toUpperCase()
}

/**
 * The environment by normalised name. Blank variables count as unset. A Service named like our prefix makes
 * Kubernetes add variables of its own to every pod beside it, `RELAY_PORT=tcp://10.0.0.1:80` among them: those
 * are not ours and are left out.
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
      // Where two spellings are set, the one written as documented is meant.
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

  /** The content of a secret's file, or why it cannot be read (`ENOENT`, `EACCES`, …). */
  readFile(path: string): { readonly text: string } | { readonly error: string } {
    try {
      // Editors and `kubectl create secret` leave one line end that is not part of the secret.
      return { text: this.#readFile(path).replace(/\r?\n$/, '') }
    } catch (error: unknown) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
      return { error: code }
    }
  }
}
