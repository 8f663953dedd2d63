import { enableCompileCache, flushCompileCache } from 'node:module'
import { isAbsolute, join } from 'node:path'

/** By then, a service has loaded its modules. */
const FLUSH_AFTER_MS = 10_000

/**
 * Caches the code that Node.js compiles from the sources. At the next start, modules imported after this call load in less
 * than half the time. Does nothing without a folder that is writable, or with `NODE_DISABLE_COMPILE_CACHE=1`.
 */
export function cacheCompiledCode(env: NodeJS.ProcessEnv): void {
  const folder = cacheFolder(env)
  if (folder === undefined) return
  enableCompileCache(join(folder, 'warren'))
  // Node.js writes the cache when the process exits, and a service ends by a signal.
  setTimeout(flushCompileCache, FLUSH_AFTER_MS).unref()
}

/**
 * The user's own cache folder. Undefined without a home folder: the default of Node.js is in the temporary folder, where
 * another user could place code for this one to run, and so could a relative path.
 */
function cacheFolder(env: NodeJS.ProcessEnv): string | undefined {
  const caches = env['XDG_CACHE_HOME'] ?? ''
  if (isAbsolute(caches)) return caches
  // Not os.homedir(): it throws if HOME is not set and the user has no passwd entry, as in some containers.
  const home = env['HOME'] || env['USERPROFILE'] || ''
  return isAbsolute(home) ? join(home, '.cache') : undefined
}
