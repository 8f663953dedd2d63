import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Caches the code that Node.js compiles from the sources. At the next start, modules imported after this call load in less
 * than half the time. Does nothing if the folder is not writable, or with `NODE_DISABLE_COMPILE_CACHE=1`.
 */
export function cacheCompiledCode(env: NodeJS.ProcessEnv): void {
  // The default of Node.js is in the temporary folder, where another user could place code for this one to run.
  const caches = env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  enableCompileCache(join(caches, 'warren'))
}
