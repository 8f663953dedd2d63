import { normaliseName } from './define-config.ts'

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

/**
 * The environment by normalised name. Blank variables count as unset. A Service named like our prefix makes
 * Kubernetes add variables of its own to every pod beside it, `RELAY_PORT=tcp://10.0.0.1:80` among them: those
 * are not ours and are left out.
 */
export function readEnvironment(env: NodeJS.ProcessEnv): Map<string, Variable> {
  const variables = new Map<string, Variable>()
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || text.trim() === '') continue
    const key = normaliseName(name)
    if (SERVICE_LINK.test(key)) continue
    if (key.endsWith('_PORT') && SERVICE_LINK_ADDRESS.test(text)) continue
    // Where two spellings are set, the one written as documented is meant.
    if (variables.has(key) && name !== key) continue
    variables.set(key, { name, text })
  }
  return variables
}
